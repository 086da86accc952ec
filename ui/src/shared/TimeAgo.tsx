import { Tooltip } from "@mantine/core";
import { useSyncExternalStore } from "react";

import { platformNow } from "./clock";

const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
const EXACT = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const EXACT_UTC = new Intl.DateTimeFormat("en-GB", {
  dateStyle: "medium",
  timeStyle: "medium",
  timeZone: "UTC",
});

const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

const TICK_MS = 5_000;

/** One clock for all times on the page: they move together, and one timer serves them. */
const clock = {
  now: platformNow(),
  listeners: new Set<() => void>(),
  timer: 0 as ReturnType<typeof setInterval> | 0,
  subscribe: (changed: () => void) => {
    clock.listeners.add(changed);
    if (clock.timer === 0) {
      clock.now = platformNow();
      clock.timer = setInterval(() => {
        clock.now = platformNow();
        for (const listener of clock.listeners) listener();
      }, TICK_MS);
    }
    return () => {
      clock.listeners.delete(changed);
      if (clock.listeners.size === 0 && clock.timer !== 0) {
        clearInterval(clock.timer);
        clock.timer = 0;
      }
    };
  },
};

/** How long ago (or ahead) *at* is; the tooltip has the exact time, here and in UTC. */
export function TimeAgo({ at }: { at: string }) {
  const now = useSyncExternalStore(clock.subscribe, () => clock.now);
  const moment = new Date(at);
  const aheadMs = moment.getTime() - now;
  // The clock stands still between two ticks: what has just happened lies ahead of it.
  const isOfThisTick = aheadMs > 0 && aheadMs < TICK_MS;
  return (
    <Tooltip label={`${EXACT.format(moment)} · ${EXACT_UTC.format(moment)} UTC`}>
      <time dateTime={at} className="tabular">
        {ago((isOfThisTick ? 0 : aheadMs) / 1_000)}
      </time>
    </Tooltip>
  );
}

export function ago(seconds: number): string {
  if (Math.abs(seconds) < 1) return "now";
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return RELATIVE.format(Math.trunc(seconds / size), unit);
  }
  return "now";
}
