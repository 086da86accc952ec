import { Button, Code, Group, Popover, Stack, Text, TextInput } from "@mantine/core";
import { IconShare2 } from "@tabler/icons-react";
import { useState } from "react";

import { linkTo } from "@/playground/link";
import { CopyButton } from "@/shared/CopyButton";
import { toastDone, toastError } from "@/shared/toasts";

import { asError, useControl } from "./use-simulation";
import { clock } from "./words";

export const SHARE_ID = "share-this-run";

interface Made {
  link: string;
  atMs: number;
  digest: string;
}

/** Makes a link to this run at this moment. Who opens it sees the same run, number by number. */
export function Share() {
  const control = useControl();
  const [made, setMade] = useState<Made | null>(null);
  const share = async () => {
    try {
      const link = await linkOf(control);
      setMade(link);
      await navigator.clipboard.writeText(link.link);
      toastDone("The link is copied");
    } catch (error) {
      // Without leave to copy, the link is shown all the same.
      if (!(error instanceof DOMException)) toastError(asError(error));
    }
  };
  return (
    <Popover
      opened={made !== null}
      onChange={() => setMade(null)}
      position="bottom-end"
      width={340}
      trapFocus
      withArrow
    >
      <Popover.Target>
        <Button id={SHARE_ID} onClick={share} leftSection={<IconShare2 size={16} aria-hidden />}>
          Share this run
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Link to this run">
        {made !== null && (
          <Stack gap="xs">
            <Group gap={6} wrap="nowrap" align="flex-end">
              <TextInput label="Link to this run" size="xs" flex={1} readOnly value={made.link} />
              <CopyButton value={made.link} label="Copy the link" />
            </Group>
            <Text size="xs">
              It holds the seed, the settings and all that was done, in the part of the address that no server
              gets to see. Whoever opens it sees this run up to {clock(made.atMs)}, and stops there.
            </Text>
            <Text size="xs" c="dimmed">
              Digest of all that happened: <Code>{made.digest}</Code>
            </Text>
          </Stack>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}

/** Stands still for it, so that text, time and digest are of one moment. */
async function linkOf(control: ReturnType<typeof useControl>): Promise<Made> {
  const { isPlaying } = control.state();
  control.pause();
  try {
    const text = await control.share();
    const { at_ms: atMs, digest } = control.state().snapshot;
    return { link: linkTo(text, { atMs, digest }), atMs, digest };
  } finally {
    if (isPlaying) control.play();
  }
}
