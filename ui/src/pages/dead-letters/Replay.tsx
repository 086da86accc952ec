import { Button, Text } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { DeadLetterDetail } from "@/api/types";
import { useApi } from "@/app/context";
import { ConfirmDialog } from "@/shared/ConfirmDialog";

/** Publishes a letter once more to where it was refused. */
export function Replay({
  letter,
  onReplayed,
}: {
  letter: DeadLetterDetail;
  onReplayed: (to: { topic: string; replays: number }) => void;
}) {
  const api = useApi();
  const queries = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const replay = useChange(
    (letterId: string, once) =>
      ask(
        api.POST("/api/v1/dead-letters/{letter_id}/replay", {
          params: { path: { letter_id: letterId }, header: once },
        }),
      ),
    {
      onSuccess: async ({ topic, replays }) => {
        setAsking(false);
        onReplayed({ topic, replays });
        await queries.invalidateQueries({ queryKey: ["dead-letters", "list"] });
        await queries.invalidateQueries({ queryKey: ["dead-letters", "topics"] });
      },
    },
  );
  if (!letter.is_whole) {
    return (
      <Text size="sm" c="dimmed" maw={300}>
        It cannot be replayed: the record was too large, and only its beginning was kept.
      </Text>
    );
  }
  return (
    <>
      <Button
        leftSection={<IconRefresh size={16} aria-hidden />}
        onClick={() => {
          replay.reset();
          setAsking(true);
        }}
      >
        Replay
      </Button>
      <ConfirmDialog
        opened={isAsking}
        title="Replay this record?"
        confirm="Replay it"
        isHarmful={false}
        isBusy={replay.isPending}
        error={replay.error}
        onClose={() => setAsking(false)}
        onConfirm={() => replay.mutate(letter.letter_id)}
      >
        <Text size="sm">
          {letter.problem === null
            ? "It is published to its topic again, and taken out of the dead letters. What was done before is not done twice."
            : "Something is still wrong with it, so it will most likely become a dead letter again. It helps only after the platform has been updated to take it."}
        </Text>
      </ConfirmDialog>
    </>
  );
}
