import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";

import { CopyButton } from "@/shared/CopyButton";

import classes from "./endpoints.module.css";
import { HowToVerify } from "./HowToVerify";

/** Shows a secret the one time that it can be shown, and what it is for. */
export function SecretDialog({
  secret,
  title,
  note,
  onClose,
}: {
  secret: string;
  title: string;
  note?: ReactNode;
  onClose: () => void;
}) {
  return (
    <Modal
      opened
      onClose={onClose}
      // A press beside the dialog would lose the secret for good.
      closeOnClickOutside={false}
      closeOnEscape={false}
      withCloseButton={false}
      title={title}
      size="lg"
    >
      <Stack gap="md">
        <Text size="sm">
          This is the only time that it is shown: store it where the receiver can read it. A lost secret is
          replaced by rotating it.
        </Text>
        <div className={classes.secret}>
          <span aria-label="Signing secret" role="note">
            {secret}
          </span>
          <CopyButton value={secret} label="Copy the secret" />
        </div>
        {note}
        <HowToVerify />
        <Group justify="flex-end">
          <Button onClick={onClose}>I have stored it</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
