import { Tooltip } from "@mantine/core";
import { useSyncExternalStore } from "react";

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

/** One clock for all times on the page: they move together, and one timer serves them. */
const clock = {
  now: Date.now(),
  listeners: new Set<() => void>(),
  timer: 0 as ReturnType<typeof setInterval> | 0,
  subscribe: (changed: () => void) => {
    clock.listeners.add(changed);
    if (clock.timer === 0) {
      clock.now = Date.now();
      clock.timer = setInterval(() => {
        clock.now = Date.now();
        for (const listener of clock.listeners) listener();
      }, 5_000);
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
  return (
    <Tooltip label={`${EXACT.format(moment)} · ${EXACT_UTC.format(moment)} UTC`}>
      <time dateTime={at} className="tabular">
        {ago((moment.getTime() - Math.max(now, moment.getTime() > now + 60_000 ? now : 0)) / 1000)}
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
