import { Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "react-router";

import { ask } from "@/api/client";
import { ProblemError } from "@/api/problem";
import { useChange } from "@/api/queries";
import { useApi } from "@/app/context";
import { ErrorState } from "@/shared/ErrorState";
import { toastDone } from "@/shared/toasts";

import { idProblem, nameProblem } from "./draft";
import { clientPath } from "./paths";

interface Draft {
  client_id: string;
  name: string;
}

export function NewClientDialog({ onClose }: { onClose: () => void }) {
  const api = useApi();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const form = useForm<Draft>({
    initialValues: { client_id: "", name: "" },
    validate: { client_id: idProblem, name: nameProblem },
  });
  const create = useChange(
    (body: Draft, once) => ask(api.POST("/api/v1/clients", { body, params: { header: once } })),
    {
      onSuccess: async (client) => {
        await queries.invalidateQueries({ queryKey: ["clients"] });
        toastDone("The client is created");
        onClose();
        await navigate(clientPath(client.client_id));
      },
      onError: (error) => {
        if (!(error instanceof ProblemError)) return;
        const taken = error.code === "conflict" ? "There is a client with this id" : undefined;
        form.setErrors({ client_id: taken ?? error.at("client_id"), name: error.at("name") });
      },
    },
  );
  const isShown = Object.values(form.errors).some((each) => each != null);
  return (
    <Modal opened onClose={onClose} title="New client" closeButtonProps={{ "aria-label": "Close" }}>
      <form aria-label="New client" noValidate onSubmit={form.onSubmit((values) => create.mutate(values))}>
        <Stack gap="md">
          <TextInput
            label="Id"
            description="How systems call it, for example acme. 1 to 255 characters; it never changes."
            required
            data-autofocus
            autoComplete="off"
            spellCheck={false}
            {...form.getInputProps("client_id")}
          />
          <TextInput
            label="Name"
            description="For people; it may change."
            required
            autoComplete="off"
            {...form.getInputProps("name")}
          />
          {create.error !== null && !isShown && <ErrorState error={create.error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={create.isPending}>
              Create client
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
