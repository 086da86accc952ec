import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconAlertTriangle, IconCheck } from "@tabler/icons-react";

const UNDO_MS = 10_000;
/** Its button has an icon alone. */
const CLOSABLE = { closeButtonProps: { "aria-label": "Close" } };

/** Says that something was done. */
export function toastDone(message: string): void {
  notifications.show({
    ...CLOSABLE,
    message,
    color: "teal",
    icon: <IconCheck size={16} aria-hidden />,
    autoClose: 4_000,
  });
}

/** Says that something failed, where no place of its own on the page can say it. */
export function toastError(error: Error): void {
  notifications.show({
    ...CLOSABLE,
    title: "That did not work",
    message: error.message,
    color: "red",
    icon: <IconAlertTriangle size={16} aria-hidden />,
    autoClose: 10_000,
  });
}

/** Says that something was done, and takes it back when asked to. */
export function toastUndo(message: string, undo: () => Promise<unknown>): void {
  const id = notifications.show({
    ...CLOSABLE,
    autoClose: UNDO_MS,
    color: "accent",
    message: (
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{message}</Text>
        <Button
          size="compact-sm"
          variant="light"
          flex="none"
          onClick={() => {
            notifications.hide(id);
            undo().then(
              () => toastDone("Taken back"),
              (error: unknown) => toastError(error instanceof Error ? error : new Error(String(error))),
            );
          }}
        >
          Undo
        </Button>
      </Group>
    ),
  });
}
