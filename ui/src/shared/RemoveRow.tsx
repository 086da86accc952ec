import { ActionIcon } from "@mantine/core";
import { IconX } from "@tabler/icons-react";

/** Takes a row out of a form; *what* says which one. */
export function RemoveRow({ what, onRemove }: { what: string; onRemove: () => void }) {
  return (
    <ActionIcon variant="subtle" color="gray" size={36} aria-label={`Remove ${what}`} onClick={onRemove}>
      <IconX size={16} aria-hidden />
    </ActionIcon>
  );
}
