import { Text } from "@mantine/core";
import { IconAlertTriangle, IconCheck, IconMinus, IconX, type TablerIcon } from "@tabler/icons-react";

import type { Attempt } from "@/api/types";
import { duration } from "@/shared/figures";
import { HostileText } from "@/shared/HostileText";
import { toneOf, wordsOf } from "@/shared/reasons";
import type { Tone } from "@/shared/Steps";
import { TimeAgo } from "@/shared/TimeAgo";

import classes from "./timeline.module.css";

const ICONS: Record<Tone, TablerIcon> = {
  good: IconCheck,
  bad: IconX,
  warning: IconAlertTriangle,
  neutral: IconMinus,
};

/** One try: number, outcome, when, how long, and what the receiver answered. */
export function AttemptRow({ attempt }: { attempt: Attempt }) {
  const words = wordsOf(attempt.reason);
  const tone = toneOf(attempt.reason);
  const Icon = ICONS[tone];
  return (
    <li className={classes.attempt}>
      <span className={classes.dot} data-tone={tone}>
        <Icon size={16} stroke={2} aria-hidden />
      </span>
      <Text size="sm">
        <Text span size="sm" c="dimmed" className="tabular">{`Attempt ${attempt.number}: `}</Text>
        <Text span size="sm" fw={600}>
          {words.short}
        </Text>
      </Text>
      <span className={`${classes.figures} tabular`}>
        {attempt.status_code !== null && <span>Status {attempt.status_code}</span>}
        <span>{duration(attempt.latency_ms)}</span>
        <TimeAgo at={attempt.started_at} />
      </span>
      <div className={classes.more}>
        {attempt.reason !== "delivered" && (
          <Text size="xs" c="dimmed">
            {words.says}
          </Text>
        )}
        {attempt.detail !== "" && <HostileText text={attempt.detail} mono size="xs" c="dimmed" />}
        {attempt.response === "" ? (
          attempt.status_code !== null && (
            <Text size="xs" c="dimmed">
              The answer was empty.
            </Text>
          )
        ) : (
          <div className={classes.response} role="group" aria-label={`Answer to attempt ${attempt.number}`}>
            <HostileText text={attempt.response} mono size="xs" />
          </div>
        )}
      </div>
    </li>
  );
}
