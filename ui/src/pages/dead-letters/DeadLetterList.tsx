import { Anchor, Badge, Button, Text } from "@mantine/core";
import { IconMailCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import { ask } from "@/api/client";
import { usePages } from "@/api/queries";
import type { DeadLetter } from "@/api/types";
import { useApi } from "@/app/context";
import { type Column, DataTable } from "@/shared/DataTable";
import { EmptyState } from "@/shared/EmptyState";
import { ErrorState } from "@/shared/ErrorState";
import { count } from "@/shared/figures";
import { OneLine, plainly } from "@/shared/HostileText";
import { PageHeader } from "@/shared/PageHeader";
import { TimeAgo } from "@/shared/TimeAgo";
import { useFilter } from "@/shared/useFilter";

import classes from "./dead-letters.module.css";

/** Counting reads through whole topics: not more often than this. */
const COUNTS_MS = 30_000;
const REFRESH_MS = 10_000;

/** All dead letters, or those of one topic, newest first. */
export function DeadLetterList() {
  const api = useApi();
  const [topic] = useFilter("topic");
  const letters = usePages(
    ["dead-letters", "list", topic],
    (cursor, signal) =>
      ask(
        api.GET("/api/v1/dead-letters", { params: { query: { topic: topic ?? undefined, cursor } }, signal }),
      ),
    { refetchMs: REFRESH_MS },
  );
  return (
    <>
      <PageHeader
        title="Dead letters"
        description="Records that no stage could use. They are kept to be looked at, and replayed once the cause is repaired."
      />
      <Topics />
      <DataTable
        label="Dead letters"
        pages={letters}
        columns={COLUMNS}
        rowKey={(letter) => letter.letter_id}
        empty={<Nothing topic={topic} />}
      />
    </>
  );
}

/** How many each topic has; pressing one shows its dead letters alone. */
function Topics() {
  const api = useApi();
  const [topic, choose] = useFilter("topic");
  const counts = useQuery({
    queryKey: ["dead-letters", "topics"],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/dead-letters/topics", { signal })),
    refetchInterval: COUNTS_MS,
    staleTime: COUNTS_MS,
  });
  if (counts.isError) return <ErrorState error={counts.error} onRetry={() => counts.refetch()} />;
  if (counts.data === undefined) return null;
  const { topics, letters } = counts.data;
  const isListed = topic === null || topics.some((each) => each.topic === topic);
  const all = [
    { topic: null, name: "All topics", letters },
    ...topics.map((each) => ({ topic: each.topic, name: each.topic, letters: each.letters })),
    ...(isListed ? [] : [{ topic, name: topic, letters: 0 }]),
  ];
  if (letters === 0 && topic === null) return null;
  return (
    <ul className={classes.topics} aria-label="Topics">
      {all.map((each) => (
        <li key={each.topic ?? ""}>
          <Button
            variant={each.topic === topic ? "light" : "default"}
            size="compact-sm"
            mih={{ base: 40, sm: 34 }}
            aria-pressed={each.topic === topic}
            rightSection={
              <Badge variant="default" size="sm" className="tabular" tt="none">
                {count(each.letters)}
              </Badge>
            }
            onClick={() => choose(each.topic)}
          >
            {plainly(each.name, 60)}
          </Button>
        </li>
      ))}
    </ul>
  );
}

function Nothing({ topic }: { topic: string | null }) {
  return (
    <EmptyState
      title={topic === null ? "There are no dead letters" : "This topic has no dead letters"}
      icon={IconMailCheck}
    >
      <Text size="sm" c="dimmed" maw={440}>
        Every record could be used. One that cannot be is put aside here, and the stream goes on without it.
      </Text>
      {topic !== null && (
        <Button component={Link} to="/dead-letters" variant="default">
          Show all topics
        </Button>
      )}
    </EmptyState>
  );
}

const COLUMNS: Column<DeadLetter>[] = [
  {
    label: "Reason",
    onPhone: "title",
    cell: (letter) => (
      <Anchor
        component={Link}
        to={`/dead-letters/${letter.letter_id}`}
        size="sm"
        style={{ display: "block" }}
      >
        <OneLine text={letter.reason} />
        <span className="visually-hidden">, dead letter {letter.letter_id}</span>
      </Anchor>
    ),
  },
  {
    label: "Refused at",
    width: "26%",
    cell: (letter) => (
      <OneLine
        text={`${letter.source.topic} / ${place(letter.source.partition)} / ${place(letter.source.offset)}`}
        mono
      />
    ),
  },
  {
    label: "Size",
    onPhone: "whole",
    width: 120,
    align: "right",
    cell: (letter) => (
      <span className="tabular">
        {count(letter.size)} B{letter.is_whole ? "" : ", cut"}
      </span>
    ),
  },
  {
    label: "Replays",
    onPhone: "left-out",
    width: 84,
    align: "right",
    cell: (letter) => <span className="tabular">{letter.replays}</span>,
  },
  {
    label: "When",
    width: 116,
    onPhone: "whole",
    cell: (letter) => <TimeAgo at={letter.refused_at} />,
  },
];

function place(number: number): string {
  return number < 0 ? "?" : String(number);
}
