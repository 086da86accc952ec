import { Button, Group, Modal, Stack } from "@mantine/core";
import type { ReactNode } from "react";

import { ErrorState } from "./ErrorState";

/** Asks before something that cannot be undone. Where it can be, do it and offer `toastUndo` instead. */
export function ConfirmDialog({
  opened,
  title,
  confirm,
  onConfirm,
  onClose,
  isBusy = false,
  error = null,
  isHarmful = true,
  children,
}: {
  opened: boolean;
  title: string;
  /** The verb on the button, e.g. "Revoke the key". */
  confirm: string;
  onConfirm: () => void;
  onClose: () => void;
  isBusy?: boolean;
  error?: Error | null;
  /** Whether something is lost by it: then the button is red. */
  isHarmful?: boolean;
  /** What will happen. */
  children?: ReactNode;
}) {
  return (
    <Modal opened={opened} onClose={onClose} title={title} closeButtonProps={{ "aria-label": "Close" }}>
      <Stack gap="md">
        {children}
        {error !== null && <ErrorState error={error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button color={isHarmful ? "red" : undefined} onClick={onConfirm} loading={isBusy}>
            {confirm}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
