import { ActionIcon, Menu } from "@mantine/core";
import { IconDots, IconPencil, IconTrash } from "@tabler/icons-react";
import { useState } from "react";

import type { Client } from "@/api/types";
import { plainly } from "@/shared/HostileText";

import { DeleteClientDialog } from "./DeleteClientDialog";
import { RenameClientDialog } from "./RenameClientDialog";

/** What may be done with a client, in its row. */
export function ClientMenu({ client }: { client: Client }) {
  const [open, setOpen] = useState<"rename" | "delete" | null>(null);
  const close = () => setOpen(null);
  return (
    <>
      <Menu position="bottom-end" withinPortal shadow="md">
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={40}
            aria-label={`Actions for ${plainly(client.client_id)}`}
          >
            <IconDots size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconPencil size={16} stroke={1.6} aria-hidden />}
            onClick={() => setOpen("rename")}
          >
            Rename
          </Menu.Item>
          <Menu.Item
            color="red"
            leftSection={<IconTrash size={16} stroke={1.6} aria-hidden />}
            onClick={() => setOpen("delete")}
          >
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {open === "rename" && <RenameClientDialog client={client} onClose={close} />}
      {open === "delete" && <DeleteClientDialog client={client} onClose={close} onDeleted={close} />}
    </>
  );
}
