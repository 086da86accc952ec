import { Anchor, Badge, Button, Text } from "@mantine/core";
import { IconKey, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import { ask } from "@/api/client";
import { usePages } from "@/api/queries";
import type { Key } from "@/api/types";
import { useCaller } from "@/app/caller";
import { useApi } from "@/app/context";
import { StatusBadge } from "@/shared/badges";
import { type Column, DataTable } from "@/shared/DataTable";
import { EmptyState } from "@/shared/EmptyState";
import { HostileText, OneLine } from "@/shared/HostileText";
import { TimeAgo } from "@/shared/TimeAgo";

import classes from "../clients.module.css";
import { clientPath } from "../paths";
import { keyState } from "./key-state";
import { RevokeKey } from "./RevokeKey";

/** The keys of one client, or without one all that the caller may see. Revoked ones stay, as a record. */
export function KeyList({ clientId, onCreate }: { clientId?: string; onCreate: () => void }) {
  const api = useApi();
  const caller = useCaller();
  const keys = usePages(["keys", "list", clientId ?? null], (cursor, signal) =>
    ask(api.GET("/api/v1/keys", { params: { query: { client_id: clientId, cursor } }, signal })),
  );
  const { data: ownKeyId } = useQuery({
    queryKey: ["me"],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/me", { signal })),
    staleTime: 60_000,
    select: (me) => me.key_id,
  });
  return (
    <DataTable
      label="API keys"
      pages={keys}
      columns={columns(caller.isOperator && clientId === undefined, ownKeyId)}
      rowKey={(key) => key.key_id}
      empty={
        <EmptyState title="There are no keys yet" icon={IconKey}>
          <Text size="sm" c="dimmed" maw={420}>
            A system that sends alerts, and a person who looks at this client alone, sign in with a key of it.
          </Text>
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={onCreate}>
            New key
          </Button>
        </EmptyState>
      }
    />
  );
}

function columns(withClient: boolean, ownKeyId: string | undefined): Column<Key>[] {
  return [
    {
      label: "Name",
      onPhone: "title",
      cell: (key) => (
        <>
          <HostileText text={key.name} chars={80} fw={500} />
          {key.key_id === ownKeyId && (
            <Text span size="xs" c="dimmed">
              {" "}
              (the key of this visit)
            </Text>
          )}
        </>
      ),
    },
    { label: "Begins with", width: 136, cell: (key) => <OneLine text={`${key.prefix}…`} mono /> },
    ...(withClient
      ? [{ label: "Client", width: "14%", cell: (key: Key) => <Owner clientId={key.client_id} /> }]
      : []),
    {
      label: "Scopes",
      onPhone: "line",
      width: "24%",
      cell: (key) => (
        <span className={classes.scopes}>
          {key.scopes.map((scope) => (
            <Badge key={scope} tt="none" variant="default" fw={500}>
              {scope}
            </Badge>
          ))}
        </span>
      ),
    },
    {
      label: "Created",
      width: 104,
      onPhone: "left-out",
      cell: (key) => <TimeAgo at={key.created_at} />,
    },
    {
      label: "Expires",
      onPhone: "figure",
      width: 104,
      cell: (key) =>
        key.expires_at === null ? (
          <span className={classes.ended}>never</span>
        ) : (
          <TimeAgo at={key.expires_at} />
        ),
    },
    {
      label: "State",
      onPhone: "whole",
      width: 116,
      cell: (key) => (
        <div className={classes.state}>
          <StatusBadge status={keyState(key)} />
          <LastUse at={key.last_used_at} />
        </div>
      ),
    },
    {
      label: "Actions",
      hideLabel: true,
      onPhone: "beside",
      width: 100,
      align: "right",
      cell: (key) =>
        keyState(key) === "active" ? <RevokeKey apiKey={key} isOwn={key.key_id === ownKeyId} /> : null,
    },
  ];
}

/** To within a minute, so that a key that nobody needs any more can be told from one that is in use. */
function LastUse({ at }: { at: string | null }) {
  return (
    <Text size="xs" c="dimmed" component="div">
      {at === null ? (
        "not used yet"
      ) : (
        <>
          used <TimeAgo at={at} />
        </>
      )}
    </Text>
  );
}

function Owner({ clientId }: { clientId: string | null }) {
  if (clientId === null) return <Text size="sm">All clients</Text>;
  return (
    <Anchor component={Link} to={clientPath(clientId)} size="sm">
      <OneLine text={clientId} />
    </Anchor>
  );
}
