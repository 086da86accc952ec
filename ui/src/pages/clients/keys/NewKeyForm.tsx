import { Button, Checkbox, Group, Select, SegmentedControl, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";

import { ProblemError } from "@/api/problem";
import type { components } from "@/api/schema";
import { useCaller } from "@/app/caller";
import { useScope } from "@/app/scope-context";
import { ClientPicker } from "@/shared/ClientPicker";
import { ErrorState } from "@/shared/ErrorState";

import { nameProblem } from "../draft";
import { AT_A_TIME, EXPIRIES, expiresAt } from "./expiry";
import { allowedToAdmin, SCOPES, withoutContained } from "./scopes";

interface Draft {
  owner: "client" | "operators";
  client_id: string | null;
  name: string;
  scopes: string[];
  expiry: string;
  at: string;
}

/** Asks for whom a key is, what it may do and for how long. */
export function NewKeyForm({
  clientId,
  onSubmit,
  onCancel,
  isBusy,
  error,
}: {
  /** The only client that it can be for. */
  clientId: string | undefined;
  onSubmit: (body: components["schemas"]["NewKey"]) => void;
  onCancel: () => void;
  isBusy: boolean;
  error: Error | null;
}) {
  const caller = useCaller();
  const scope = useScope();
  const asksOwner = caller.isOperator && clientId === undefined;
  const form = useForm<Draft>({
    initialValues: {
      owner: "client",
      client_id: clientId ?? caller.clientId ?? scope.clientId,
      name: "",
      scopes: ["alerts:write"],
      expiry: "365",
      at: "",
    },
    validate: {
      client_id: (id, { owner }) => (owner === "client" && id === null ? "Choose whose key it is" : null),
      name: nameProblem,
      scopes: (scopes) =>
        scopes.length === 0 ? "Choose at least one: a key without scopes opens nothing" : null,
      at: (at, { expiry }) => (expiresAt(expiry, at) === undefined ? "Say when" : null),
    },
  });
  const { values } = form;
  const isForOperators = asksOwner && values.owner === "operators";
  const isAdmin = values.scopes.includes("admin");
  const refused = (path: string) => (error instanceof ProblemError ? error.at(path) : undefined);
  const send = form.onSubmit(({ client_id, name, scopes, expiry, at }) =>
    onSubmit({
      client_id: isForOperators ? null : client_id,
      name,
      scopes: withoutContained(scopes),
      expires_at: expiresAt(expiry, at) ?? null,
    }),
  );
  return (
    <form aria-label="New key" noValidate onSubmit={send}>
      <Stack gap="md">
        {asksOwner && (
          <SegmentedControl
            fullWidth
            aria-label="Whose key it is"
            data={[
              { value: "client", label: "For one client" },
              { value: "operators", label: "For operators" },
            ]}
            styles={{ label: { minHeight: 36, alignContent: "center" } }}
            value={values.owner}
            onChange={(owner) => form.setFieldValue("owner", owner === "operators" ? "operators" : "client")}
          />
        )}
        {asksOwner && !isForOperators && (
          <ClientPicker
            label="Client"
            required
            value={values.client_id}
            onChange={(id) => form.setFieldValue("client_id", id)}
            error={asText(form.errors.client_id) ?? refused("client_id")}
          />
        )}
        <TextInput
          label="Name"
          description="Who uses it and what for, for example “Prometheus in production”."
          required
          data-autofocus
          autoComplete="off"
          {...form.getInputProps("name")}
          error={form.errors.name ?? refused("name")}
        />
        <Checkbox.Group
          label="Scopes"
          description="Give a key no more than its user needs."
          required
          {...form.getInputProps("scopes")}
          error={form.errors.scopes ?? refused("scopes")}
        >
          <Stack gap="xs" mt="xs">
            {SCOPES.map(({ scope: name, allows }) => (
              <Checkbox key={name} value={name} label={name} description={allows} disabled={isAdmin} />
            ))}
            <Checkbox value="admin" label="admin" description={allowedToAdmin(isForOperators)} />
          </Stack>
        </Checkbox.Group>
        <Group grow align="flex-start" gap="xs">
          <Select
            label="Expires"
            allowDeselect={false}
            data={[...EXPIRIES, { value: AT_A_TIME, label: "At a time …" }]}
            {...form.getInputProps("expiry")}
            error={refused("expires_at")}
          />
          {values.expiry === AT_A_TIME && (
            <TextInput type="datetime-local" label="On" required {...form.getInputProps("at")} />
          )}
        </Group>
        {error !== null && <ErrorState error={error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
          <Button type="submit" loading={isBusy}>
            Create key
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function asText(error: unknown): string | undefined {
  return typeof error === "string" ? error : undefined;
}
