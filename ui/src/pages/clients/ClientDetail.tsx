import { Anchor, Button, Paper, Stack, Text } from "@mantine/core";
import { IconKey, IconPencil, IconPlus, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate, useParams } from "react-router";

import { ask } from "@/api/client";
import type { Client } from "@/api/types";
import { useCaller } from "@/app/caller";
import { useApi } from "@/app/context";
import { BackTo } from "@/shared/BackTo";
import { CopiedText } from "@/shared/CopiedText";
import { ErrorState } from "@/shared/ErrorState";
import { Facts } from "@/shared/Facts";
import { HostileText, plainly } from "@/shared/HostileText";
import { LoadingState } from "@/shared/LoadingState";
import { PageHeader } from "@/shared/PageHeader";
import { TimeAgo } from "@/shared/TimeAgo";

import { Belongings } from "./Belongings";
import classes from "./clients.module.css";
import { DeleteClientDialog } from "./DeleteClientDialog";
import { KeyList } from "./keys/KeyList";
import { NewKeyDialog } from "./keys/NewKeyDialog";
import { RenameClientDialog } from "./RenameClientDialog";

/** One client: what it owns, and the keys that act for it. */
export function ClientDetail() {
  const api = useApi();
  const { clientId = "" } = useParams();
  const client = useQuery({
    queryKey: ["clients", "one", clientId],
    queryFn: ({ signal }) =>
      ask(api.GET("/api/v1/clients/{client_id}", { params: { path: { client_id: clientId } }, signal })),
  });
  const above = <BackTo to="/clients">Clients & keys</BackTo>;
  if (client.isSuccess) {
    return (
      <>
        <PageHeader
          above={above}
          title={plainly(client.data.name)}
          actions={<Actions client={client.data} />}
        />
        <Shown client={client.data} />
      </>
    );
  }
  return (
    <>
      <PageHeader above={above} title="Client" />
      {client.isError ? (
        <ErrorState error={client.error} onRetry={() => client.refetch()} />
      ) : (
        <LoadingState label="Loading the client" />
      )}
    </>
  );
}

function Shown({ client }: { client: Client }) {
  const caller = useCaller();
  return (
    <Stack gap="lg">
      <Belongings clientId={client.client_id} />
      <Paper component="section" aria-label="About the client">
        <Facts>
          <dt>Id</dt>
          <dd>
            <CopiedText text={client.client_id} label="Copy the id of the client" />
          </dd>
          <dt>Name</dt>
          <dd>
            <HostileText text={client.name} />
          </dd>
          <dt>Created</dt>
          <dd>
            <TimeAgo at={client.created_at} />
          </dd>
          <dt>Changed</dt>
          <dd>
            <TimeAgo at={client.updated_at} />
          </dd>
        </Facts>
      </Paper>
      {caller.may("admin") ? (
        <KeysOf clientId={client.client_id} />
      ) : (
        <Text size="sm" c="dimmed">
          The keys of this client are shown to keys with the scope “admin”.
        </Text>
      )}
      <Text size="sm" c="dimmed">
        What was sent to it, and why:{" "}
        <Anchor
          component={Link}
          to={`/explain?client=${encodeURIComponent(client.client_id)}`}
          size="sm"
          underline="always"
        >
          explain an alert
        </Anchor>
      </Text>
    </Stack>
  );
}

function KeysOf({ clientId }: { clientId: string }) {
  const [isCreating, setCreating] = useState(false);
  return (
    <section aria-labelledby="keys">
      <PanelHead onCreate={() => setCreating(true)} />
      <KeyList clientId={clientId} onCreate={() => setCreating(true)} />
      {isCreating && <NewKeyDialog clientId={clientId} onClose={() => setCreating(false)} />}
    </section>
  );
}

function PanelHead({ onCreate }: { onCreate: () => void }) {
  return (
    <div className={classes.panelHead}>
      <Text component="h2" id="keys" fw={600} size="lg">
        <IconKey size={17} stroke={1.6} aria-hidden /> API keys
      </Text>
      <Button variant="default" leftSection={<IconPlus size={16} aria-hidden />} onClick={onCreate}>
        New key
      </Button>
    </div>
  );
}

function Actions({ client }: { client: Client }) {
  const caller = useCaller();
  const navigate = useNavigate();
  const [open, setOpen] = useState<"rename" | "delete" | null>(null);
  const close = () => setOpen(null);
  if (!caller.isOperator || !caller.may("admin")) return null;
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconPencil size={16} stroke={1.6} aria-hidden />}
        onClick={() => setOpen("rename")}
      >
        Rename
      </Button>
      <Button
        variant="default"
        leftSection={<IconTrash size={16} stroke={1.6} aria-hidden />}
        onClick={() => setOpen("delete")}
      >
        Delete
      </Button>
      {open === "rename" && <RenameClientDialog client={client} onClose={close} />}
      {open === "delete" && (
        <DeleteClientDialog client={client} onClose={close} onDeleted={() => void navigate("/clients")} />
      )}
    </>
  );
}
