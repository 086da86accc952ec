import { Button, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { perform } from "@/api/client";
import type { Key } from "@/api/types";
import { useApi } from "@/app/context";
import { ConfirmDialog } from "@/shared/ConfirmDialog";
import { HostileText, plainly } from "@/shared/HostileText";
import { toastDone } from "@/shared/toasts";

export function RevokeKey({ apiKey, isOwn }: { apiKey: Key; isOwn: boolean }) {
  const api = useApi();
  const queries = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const revoke = useMutation({
    mutationFn: () =>
      perform(api.DELETE("/api/v1/keys/{key_id}", { params: { path: { key_id: apiKey.key_id } } })),
    onSuccess: async () => {
      setOpen(false);
      toastDone("The key is revoked");
      await queries.invalidateQueries({ queryKey: ["keys"] });
    },
  });
  return (
    <>
      <Button
        variant="default"
        size="compact-sm"
        mih={36}
        aria-label={`Revoke ${plainly(apiKey.name)}`}
        onClick={() => setOpen(true)}
      >
        Revoke
      </Button>
      <ConfirmDialog
        opened={isOpen}
        title="Revoke the key"
        confirm="Revoke key"
        isBusy={revoke.isPending}
        error={revoke.error}
        onConfirm={() => revoke.mutate()}
        onClose={() => {
          setOpen(false);
          revoke.reset();
        }}
      >
        <Text size="sm">
          <HostileText text={apiKey.name} chars={80} fw={600} /> (<code>{apiKey.prefix}…</code>) opens nothing
          any more, within five seconds everywhere. Nothing takes that back; who uses it needs a new key.
        </Text>
        {isOwn && (
          <Text size="sm" fw={600}>
            This is the key that you are signed in with: you will be signed out.
          </Text>
        )}
      </ConfirmDialog>
    </>
  );
}
