import { Button, Tabs } from "@mantine/core";
import { IconKey, IconPlus, IconUsers } from "@tabler/icons-react";
import { useState } from "react";

import { useCaller } from "@/app/caller";
import { PageHeader } from "@/shared/PageHeader";
import { useFilter } from "@/shared/useFilter";

import { ClientList } from "./ClientList";
import classes from "./clients.module.css";
import { KeyList } from "./keys/KeyList";
import { NewKeyDialog } from "./keys/NewKeyDialog";
import { NewClientDialog } from "./NewClientDialog";

/** Clients on one tab; on the other all keys that the caller may see, those of operators included. */
export function ClientsAndKeys() {
  const caller = useCaller();
  const [tab, setTab] = useFilter("tab");
  const [isCreating, setCreating] = useState(false);
  const mayKeys = caller.may("admin");
  const isKeys = tab === "keys" && mayKeys;
  const mayCreate = isKeys || (caller.isOperator && mayKeys);
  const close = () => setCreating(false);
  return (
    <>
      <PageHeader
        title="Clients & keys"
        description="Clients own rules, endpoints and notifications. Keys say who may call the platform, and what for."
        actions={
          mayCreate && (
            <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)}>
              {isKeys ? "New key" : "New client"}
            </Button>
          )
        }
      />
      {mayKeys ? (
        <Tabs
          value={isKeys ? "keys" : "clients"}
          onChange={(value) => setTab(value === "keys" ? "keys" : null)}
          keepMounted={false}
        >
          <Tabs.List mb="md">
            <Tabs.Tab
              value="clients"
              className={classes.tab}
              leftSection={<IconUsers size={16} stroke={1.6} aria-hidden />}
            >
              Clients
            </Tabs.Tab>
            <Tabs.Tab
              value="keys"
              className={classes.tab}
              leftSection={<IconKey size={16} stroke={1.6} aria-hidden />}
            >
              API keys
            </Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="clients">
            <ClientList onCreate={() => setCreating(true)} />
          </Tabs.Panel>
          <Tabs.Panel value="keys">
            <KeyList onCreate={() => setCreating(true)} />
          </Tabs.Panel>
        </Tabs>
      ) : (
        <ClientList onCreate={() => setCreating(true)} />
      )}
      {isCreating && (isKeys ? <NewKeyDialog onClose={close} /> : <NewClientDialog onClose={close} />)}
    </>
  );
}
