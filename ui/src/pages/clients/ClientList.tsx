import { Anchor, Button, Group, Text } from "@mantine/core";
import { IconPlus, IconUsers } from "@tabler/icons-react";
import { Link } from "react-router";

import { ask } from "@/api/client";
import { usePages } from "@/api/queries";
import type { Client } from "@/api/types";
import { useCaller } from "@/app/caller";
import { useApi } from "@/app/context";
import { type Column, DataTable } from "@/shared/DataTable";
import { EmptyState } from "@/shared/EmptyState";
import { OneLine, plainly } from "@/shared/HostileText";
import { SearchFilter } from "@/shared/SearchFilter";
import { TimeAgo } from "@/shared/TimeAgo";
import { useFilter } from "@/shared/useFilter";

import { ClientMenu } from "./ClientMenu";
import classes from "./clients.module.css";
import { clientPath, listPath } from "./paths";

/** All clients; a client's own key sees its own. */
export function ClientList({ onCreate }: { onCreate: () => void }) {
  const api = useApi();
  const caller = useCaller();
  const [text] = useFilter("text");
  const query = { text: text ?? undefined };
  const clients = usePages(["clients", "list", query], (cursor, signal) =>
    ask(api.GET("/api/v1/clients", { params: { query: { ...query, cursor } }, signal })),
  );
  return (
    <>
      {caller.isOperator && (
        <search className={classes.search} aria-label="Filter clients">
          <SearchFilter name="text" label="Search" placeholder="Part of an id or name" />
        </search>
      )}
      <DataTable
        label="Clients"
        pages={clients}
        columns={columns(caller.isOperator && caller.may("admin"))}
        rowKey={(client) => client.client_id}
        empty={<NoClients isFiltered={text !== null} onCreate={caller.may("admin") ? onCreate : null} />}
      />
    </>
  );
}

function NoClients({ isFiltered, onCreate }: { isFiltered: boolean; onCreate: (() => void) | null }) {
  if (isFiltered) {
    return (
      <EmptyState title="No client has this in its id or name" icon={IconUsers}>
        <Button component={Link} to="/clients" variant="default">
          Show all clients
        </Button>
      </EmptyState>
    );
  }
  return (
    <EmptyState title="There are no clients yet" icon={IconUsers}>
      <Text size="sm" c="dimmed" maw={420}>
        A client is whoever wants to be told: a team or a company. It owns its rules, and sees nothing of
        others.
      </Text>
      {onCreate !== null && (
        <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={onCreate}>
          New client
        </Button>
      )}
    </EmptyState>
  );
}

function columns(mayChange: boolean): Column<Client>[] {
  return [
    {
      label: "Client",
      onPhone: "title",
      width: "30%",
      cell: (client) => (
        <Anchor component={Link} to={clientPath(client.client_id)} size="sm">
          <OneLine text={client.client_id} />
        </Anchor>
      ),
    },
    { label: "Name", cell: (client) => <OneLine text={client.name} /> },
    {
      label: "What it has",
      onPhone: "whole",
      width: 230,
      cell: ({ client_id }) => (
        <Group gap="sm" wrap="nowrap" justify="flex-start">
          {(["rules", "notifications"] as const).map((page) => (
            <Anchor
              key={page}
              component={Link}
              to={listPath(page, client_id)}
              size="sm"
              className={classes.touch}
              aria-label={`${page === "rules" ? "Rules" : "Notifications"} of ${plainly(client_id)}`}
            >
              {page === "rules" ? "Rules" : "Notifications"}
            </Anchor>
          ))}
        </Group>
      ),
    },
    {
      label: "Created",
      width: 120,
      onPhone: "left-out",
      cell: (client) => <TimeAgo at={client.created_at} />,
    },
    ...(mayChange
      ? [
          {
            label: "Actions",
            hideLabel: true,
            onPhone: "beside" as const,
            width: 56,
            align: "right" as const,
            cell: (client: Client) => <ClientMenu client={client} />,
          },
        ]
      : []),
  ];
}
