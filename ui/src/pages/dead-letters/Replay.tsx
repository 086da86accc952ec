import { Button, Modal } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { DeadLetterDetail } from "@/api/types";
import { useApi } from "@/app/context";

import { type Repair, ReplayForm } from "./ReplayForm";

/** Publishes a dead letter once more to where it was refused, as it is or repaired. */
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
    (body: Repair, once) =>
      ask(
        api.POST("/api/v1/dead-letters/{letter_id}/replay", {
          params: { path: { letter_id: letter.letter_id }, header: once },
          body,
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
      <Modal
        opened={isAsking}
        onClose={() => setAsking(false)}
        title="Replay this record"
        size="lg"
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <ReplayForm
          letter={letter}
          isBusy={replay.isPending}
          error={replay.error}
          onCancel={() => setAsking(false)}
          onReplay={replay.mutate}
        />
      </Modal>
    </>
  );
}
