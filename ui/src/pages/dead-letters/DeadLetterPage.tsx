import { Alert, Button, Paper, Stack, Text } from "@mantine/core";
import { IconCheck, IconMailX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";

import { ask } from "@/api/client";
import type { DeadLetterDetail } from "@/api/types";
import { useApi } from "@/app/context";
import { BackTo } from "@/shared/BackTo";
import { EmptyState } from "@/shared/EmptyState";
import { ErrorState } from "@/shared/ErrorState";
import { Facts } from "@/shared/Facts";
import { HostileText } from "@/shared/HostileText";
import { IdText } from "@/shared/IdText";
import { LoadingState } from "@/shared/LoadingState";
import { PageHeader } from "@/shared/PageHeader";
import { TimeAgo } from "@/shared/TimeAgo";
import { isGone } from "@/shared/useGuardedChange";

import { inBytes } from "./bytes";
import { BytesView } from "./BytesView";
import { Fields } from "./Fields";
import classes from "./dead-letters.module.css";
import { Replay } from "./Replay";

interface Replayed {
  topic: string;
  replays: number;
}

/** One dead letter: why it is here, what is in it, and the way to try it again. */
export function DeadLetterPage({ deadLetterId }: { deadLetterId: string }) {
  const api = useApi();
  const [replayed, setReplayed] = useState<Replayed | null>(null);
  const found = useQuery({
    queryKey: ["dead-letters", "one", deadLetterId],
    queryFn: ({ signal }) =>
      ask(
        api.GET("/api/v1/dead-letters/{letter_id}", {
          params: { path: { letter_id: deadLetterId } },
          signal,
        }),
      ),
    // A dead letter never changes, and one that was replayed is there no more.
    staleTime: Infinity,
    enabled: replayed === null,
  });
  const letter = found.data;
  return (
    <>
      <PageHeader
        title="Dead letter"
        above={<BackTo to="/dead-letters">All dead letters</BackTo>}
        actions={
          letter !== undefined && replayed === null && <Replay letter={letter} onReplayed={setReplayed} />
        }
      />
      <div aria-live="polite">{replayed !== null && <Done replayed={replayed} />}</div>
      {letter !== undefined ? (
        <Shown letter={letter} />
      ) : found.isPending ? (
        <LoadingState rows={8} label="Loading the dead letter" />
      ) : isGone(found.error) ? (
        <EmptyState title="There is no such dead letter" icon={IconMailX}>
          <Text size="sm" c="dimmed" maw={440}>
            It was replayed, or is older than what is kept.
          </Text>
          <Button component={Link} to="/dead-letters" variant="default">
            Show all dead letters
          </Button>
        </EmptyState>
      ) : (
        <ErrorState error={found.error} onRetry={() => found.refetch()} />
      )}
    </>
  );
}

function Done({ replayed }: { replayed: Replayed }) {
  return (
    <Alert
      color="teal"
      variant="light"
      mb="md"
      icon={<IconCheck size={18} aria-hidden />}
      title="It was replayed"
    >
      <Text size="sm">
        The record was published to <HostileText text={replayed.topic} mono /> again, and is no dead letter
        any more. If it still cannot be used, it becomes another one, with {replayed.replays}{" "}
        {replayed.replays === 1 ? "replay" : "replays"} counted.
      </Text>
      <Button component={Link} to="/dead-letters" variant="default" size="xs" mt="xs">
        Show all dead letters
      </Button>
    </Alert>
  );
}

function Shown({ letter }: { letter: DeadLetterDetail }) {
  const { source } = letter;
  return (
    <Stack gap="md">
      <Paper component="section" aria-label="Why it is here">
        <Facts>
          <dt>Reason</dt>
          <dd>
            <HostileText text={letter.reason} fw={600} />
          </dd>
          <dt>Now</dt>
          <dd>
            {letter.problem === null ? (
              "Nothing is wrong with the record itself: the cause lay elsewhere, and a replay may succeed."
            ) : (
              <>
                Still wrong: <HostileText text={letter.problem} />
              </>
            )}
          </dd>
          <dt>Refused</dt>
          <dd>
            <TimeAgo at={letter.refused_at} />
          </dd>
          <dt>Where</dt>
          <dd>
            <HostileText text={source.topic} mono />, partition {known(source.partition)}, offset{" "}
            {known(source.offset)}
          </dd>
          <dt>Size</dt>
          <dd className="tabular">
            {inBytes(letter.size)}
            {!letter.is_whole &&
              ", the beginning of a larger record: it is replayed only when the whole is given"}
          </dd>
          <dt>Replays</dt>
          <dd className="tabular">{letter.replays === 0 ? "None" : letter.replays}</dd>
          <dt>Dead letter id</dt>
          <dd>
            <IdText id={letter.letter_id} what="dead letter id" />
          </dd>
        </Facts>
      </Paper>
      <Fields letter={letter} />
      <BytesView title="Value" bytes={letter.value} />
      {letter.key.size > 0 && <BytesView title="Key" bytes={letter.key} />}
      <Headers letter={letter} />
    </Stack>
  );
}

function Headers({ letter }: { letter: DeadLetterDetail }) {
  if (letter.headers.length === 0) return null;
  return (
    <Paper component="section" aria-label="Headers">
      <Text component="h2" fw={600} mb="xs">
        Headers
      </Text>
      <table className={classes.table} aria-label="Headers">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          {letter.headers.map(({ name, value }, place) => (
            <tr key={place}>
              <th scope="row">
                <HostileText text={name} mono size="xs" />
              </th>
              <td>
                <HostileText text={value.text ?? `${value.base64} (base64)`} mono size="xs" />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Paper>
  );
}

function known(number: number): string {
  return number < 0 ? "unknown" : String(number);
}
