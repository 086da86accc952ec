import { Alert, Button, Group, List, Modal, Stack, Text, TextInput } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";

import { perform } from "@/api/client";
import type { Client } from "@/api/types";
import { useApi } from "@/app/context";
import { useScope } from "@/app/scope-context";
import { ErrorState } from "@/shared/ErrorState";
import { HostileText, plainly } from "@/shared/HostileText";
import { toastDone } from "@/shared/toasts";

import { CHARS_MAX } from "./draft";
import { type Belonging, useBelongings } from "./use-belongings";

const ONE: Record<Belonging["kind"], string> = {
  rules: "rule",
  endpoints: "endpoint",
  notifications: "notification, with its deliveries and attempts",
  keys: "API key, which opens nothing from then on",
};

const MANY: Record<Belonging["kind"], string> = {
  rules: "rules",
  endpoints: "endpoints",
  notifications: "notifications, with their deliveries and attempts",
  keys: "API keys, which open nothing from then on",
};

/** Nothing brings a client back: its id has to be typed, as on every platform that means it. */
export function DeleteClientDialog({
  client,
  onClose,
  onDeleted,
}: {
  client: Client;
  onClose: () => void;
  onDeleted: () => void;
}) {
  const api = useApi();
  const queries = useQueryClient();
  const scope = useScope();
  const belongings = useBelongings(client.client_id);
  const [typed, setTyped] = useState("");
  // Marks that cannot be typed are shown by their codes: those count as well.
  const isMeant = typed === client.client_id || typed === plainly(client.client_id, CHARS_MAX);
  const remove = useMutation({
    mutationFn: () => {
      const path = { client_id: client.client_id };
      return perform(api.DELETE("/api/v1/clients/{client_id}", { params: { path } }));
    },
    onSuccess: async () => {
      if (scope.clientId === client.client_id) scope.choose(null);
      toastDone("The client is deleted");
      onDeleted();
      await queries.invalidateQueries();
    },
  });
  const send = (event: SyntheticEvent) => {
    event.preventDefault();
    if (isMeant) remove.mutate();
  };
  return (
    <Modal opened onClose={onClose} title="Delete the client" closeButtonProps={{ "aria-label": "Close" }}>
      <form aria-label="Delete the client" onSubmit={send}>
        <Stack gap="md">
          <Alert
            color="red"
            variant="light"
            icon={<IconAlertTriangle size={18} aria-hidden />}
            title="This cannot be undone"
          >
            <Text size="sm">All that the client owns is deleted with it, and its rules match no more.</Text>
            {belongings.data !== undefined && (
              <List size="sm" mt="xs" aria-label="What goes with it">
                {belongings.data.map(({ kind, shown, isOne }) => (
                  <List.Item key={kind}>
                    {shown === "0"
                      ? `no ${MANY[kind].split(",")[0]}`
                      : `${shown} ${(isOne ? ONE : MANY)[kind]}`}
                  </List.Item>
                ))}
              </List>
            )}
          </Alert>
          <TextInput
            label="Type the id of the client to confirm"
            description={<HostileText text={client.client_id} mono size="xs" />}
            data-autofocus
            autoComplete="off"
            spellCheck={false}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
          {remove.error !== null && <ErrorState error={remove.error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" color="red" disabled={!isMeant} loading={remove.isPending}>
              Delete client
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
