import { Group, Text } from "@mantine/core";

import type { Attempt, Delivery } from "@/api/types";
import { StatusBadge } from "@/shared/badges";
import { duration } from "@/shared/figures";
import { HostileText } from "@/shared/HostileText";
import { wordsOf } from "@/shared/reasons";
import { TimeAgo } from "@/shared/TimeAgo";

import classes from "./endpoints.module.css";

/** What became of a test at one target: each attempt, with what came back. */
export function TestedDelivery({ delivery }: { delivery: Delivery }) {
  return (
    <div className={classes.attempt}>
      <Group justify="space-between" gap="xs" wrap="nowrap" align="flex-start">
        <HostileText text={delivery.target} mono />
        <StatusBadge status={delivery.status} />
      </Group>
      {delivery.attempts.length === 0 && (
        <Text size="sm" c="dimmed" mt={4}>
          {delivery.reason === null ? "Waits for a sender." : wordsOf(delivery.reason).says}
        </Text>
      )}
      {delivery.attempts.map((attempt) => (
        <Tried key={attempt.attempt_id} attempt={attempt} />
      ))}
      {delivery.next_attempt_at !== null && delivery.attempts.length > 0 && (
        <Text size="sm" c="dimmed" mt={4}>
          Tried again <TimeAgo at={delivery.next_attempt_at} />
        </Text>
      )}
    </div>
  );
}

function Tried({ attempt }: { attempt: Attempt }) {
  return (
    <div style={{ marginTop: 8 }}>
      <Group gap="xs" mb={4}>
        <Text size="sm" fw={600} className="tabular">
          {attempt.status_code === null ? "No answer" : `Status ${attempt.status_code}`}
        </Text>
        <Text size="sm" c="dimmed" className="tabular">
          attempt {attempt.number} · {duration(attempt.latency_ms)} · <TimeAgo at={attempt.started_at} />
        </Text>
      </Group>
      <Text size="sm">{wordsOf(attempt.reason).says}</Text>
      {attempt.detail !== "" && <HostileText text={attempt.detail} c="dimmed" />}
      {attempt.response !== "" && (
        <>
          <Text size="xs" c="dimmed" mt={6} mb={3}>
            Answer of the receiver
          </Text>
          {/* It scrolls: keyboards must get there. */}
          {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
          <div className={classes.answer} role="region" aria-label="Answer of the receiver" tabIndex={0}>
            <HostileText text={attempt.response} chars={1_000} mono />
          </div>
        </>
      )}
    </div>
  );
}
