import { Anchor, Button, Group, Paper, Text } from "@mantine/core";
import { IconChevronDown, IconChevronUp } from "@tabler/icons-react";
import { useId, useState } from "react";
import { Link } from "react-router";

import type { Delivery } from "@/api/types";
import { StatusBadge } from "@/shared/badges";
import { HostileText } from "@/shared/HostileText";
import { wordsOf } from "@/shared/reasons";
import { TimeAgo } from "@/shared/TimeAgo";

import { AttemptRow } from "./AttemptRow";
import { roundsOf } from "./attempts";
import classes from "./timeline.module.css";

const TYPES: Record<Delivery["type"], string> = { email: "Email", slack: "Slack", webhook: "Webhook" };

/** One target that is told, with all that was tried. */
export function DeliveryCard({ delivery, isOpen: isOpenAtFirst }: { delivery: Delivery; isOpen: boolean }) {
  const id = useId();
  // null: nobody has opened or closed it.
  const [chosen, choose] = useState<boolean | null>(null);
  const isOpen = chosen ?? isOpenAtFirst;
  const { attempts } = delivery;
  return (
    <Paper component="li" aria-labelledby={id}>
      <div className={classes.target}>
        <div>
          <Group gap={6} id={id} wrap="nowrap" align="baseline">
            <Text span size="sm" fw={600}>
              {TYPES[delivery.type]}
            </Text>
            <HostileText text={delivery.target} chars={120} mono />
          </Group>
          <Text size="xs" c="dimmed">
            <Anchor component={Link} to={`/endpoints/${delivery.endpoint_id}`} size="xs">
              Show the endpoint
            </Anchor>
          </Text>
        </div>
        <StatusBadge status={delivery.status} />
      </div>
      <Text size="sm" mt={6}>
        <WhatNow delivery={delivery} />
      </Text>
      {attempts.length > 0 && (
        <Button
          variant="subtle"
          size="compact-sm"
          mih={{ base: 40, sm: 32 }}
          ml={-8}
          mt={2}
          aria-expanded={isOpen}
          rightSection={
            isOpen ? <IconChevronUp size={15} aria-hidden /> : <IconChevronDown size={15} aria-hidden />
          }
          onClick={() => choose(!isOpen)}
        >
          {attempts.length === 1 ? "1 attempt" : `${attempts.length} attempts`}
        </Button>
      )}
      {isOpen && attempts.length > 0 && <Attempts delivery={delivery} />}
    </Paper>
  );
}

function Attempts({ delivery }: { delivery: Delivery }) {
  const rounds = roundsOf(delivery.attempts);
  return (
    <ol className={classes.attempts} aria-label="Attempts">
      {rounds.map((attempts, round) => [
        round > 0 && (
          <li key={`round-${round}`} className={classes.round}>
            Sent again
          </li>
        ),
        ...attempts.map((attempt) => <AttemptRow key={attempt.attempt_id} attempt={attempt} />),
      ])}
    </ol>
  );
}

/** What happens next, or how it ended. */
function WhatNow({ delivery }: { delivery: Delivery }) {
  const { status, reason, next_attempt_at: next } = delivery;
  if (delivery.is_being_sent) return "A sender is at it now.";
  const why = reason === null ? "" : wordsOf(reason).says;
  switch (status) {
    case "DELIVERED":
      return (
        <>
          The receiver took it <TimeAgo at={delivery.updated_at} />
        </>
      );
    case "DEAD":
      return `Given up after ${delivery.attempt_count === 1 ? "1 attempt" : `${delivery.attempt_count} attempts`}. ${why}`;
    case "SKIPPED":
      return why === "" ? "Nothing was sent." : `Nothing was sent. ${why}`;
    case "PENDING":
    case "RETRYING":
      if (reason === "waits-for-firing") return why;
      return next === null ? (
        "The next attempt is due now."
      ) : (
        <>
          {reason === "circuit-open" || reason === "rate-limited" ? `${why} ` : ""}
          {delivery.attempts.length > 0 ? "Next attempt " : "First attempt "}
          <TimeAgo at={next} />
        </>
      );
  }
}
