import { Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { ask } from "@/api/client";
import { ProblemError } from "@/api/problem";
import type { Client } from "@/api/types";
import { useApi } from "@/app/context";
import { ErrorState } from "@/shared/ErrorState";
import { OneLine } from "@/shared/HostileText";
import { toastDone } from "@/shared/toasts";

import { nameProblem } from "./draft";

export function RenameClientDialog({ client, onClose }: { client: Client; onClose: () => void }) {
  const api = useApi();
  const queries = useQueryClient();
  const form = useForm({ initialValues: { name: client.name }, validate: { name: nameProblem } });
  const rename = useMutation({
    mutationFn: (name: string) => {
      const path = { client_id: client.client_id };
      return ask(api.PUT("/api/v1/clients/{client_id}", { params: { path }, body: { name } }));
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["clients"] });
      toastDone("The client is renamed");
      onClose();
    },
    onError: (error) => {
      if (error instanceof ProblemError) form.setErrors({ name: error.at("name") });
    },
  });
  return (
    <Modal opened onClose={onClose} title="Rename the client" closeButtonProps={{ "aria-label": "Close" }}>
      <form
        aria-label="Rename the client"
        noValidate
        onSubmit={form.onSubmit(({ name }) => rename.mutate(name))}
      >
        <Stack gap="md">
          <TextInput
            label="Name"
            description={
              <>
                The id stays: <OneLine text={client.client_id} />
              </>
            }
            required
            data-autofocus
            autoComplete="off"
            {...form.getInputProps("name")}
          />
          {rename.error !== null && form.errors.name == null && <ErrorState error={rename.error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={rename.isPending}>
              Save name
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
