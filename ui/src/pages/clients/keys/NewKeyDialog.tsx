import { Modal } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";

import { ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { components } from "@/api/schema";
import { useApi } from "@/app/context";

import { NewKeyForm } from "./NewKeyForm";
import { ShownOnce } from "./ShownOnce";

type NewKey = components["schemas"]["NewKey"];

/** Makes a key, and then shows it this once. Until it is put away, nothing but its button closes the dialog. */
export function NewKeyDialog({ clientId, onClose }: { clientId?: string; onClose: () => void }) {
  const api = useApi();
  const queries = useQueryClient();
  const create = useChange(
    (body: NewKey, once) => ask(api.POST("/api/v1/keys", { body, params: { header: once } })),
    {
      onSuccess: async () => {
        await queries.invalidateQueries({ queryKey: ["keys"] });
        await queries.invalidateQueries({ queryKey: ["clients", "belongings"] });
      },
    },
  );
  const made = create.data;
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={made === undefined ? "New key" : "Copy the key now"}
      withCloseButton={made === undefined}
      closeOnClickOutside={made === undefined}
      closeOnEscape={made === undefined}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {made === undefined ? (
        <NewKeyForm
          clientId={clientId}
          onSubmit={(body) => create.mutate(body)}
          onCancel={onClose}
          isBusy={create.isPending}
          error={create.error}
        />
      ) : (
        <ShownOnce made={made} onDone={onClose} />
      )}
    </Modal>
  );
}
