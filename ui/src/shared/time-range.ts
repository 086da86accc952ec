import { useSearchParams } from "react-router";

import { platformNow } from "./clock";
import { useFilter } from "./useFilter";

/** Lengths of time that end now, by their name in the address. */
export const LATEST: readonly { name: string; label: string; seconds: number }[] = [
  { name: "15m", label: "Last 15 minutes", seconds: 900 },
  { name: "1h", label: "Last hour", seconds: 3_600 },
  { name: "24h", label: "Last 24 hours", seconds: 86_400 },
  { name: "7d", label: "Last 7 days", seconds: 604_800 },
];

/** Which times are listed, as the address says: `range` ends now; `since` and `until` are moments. */
export interface TimeRange {
  range: string | null;
  since: string | null;
  until: string | null;
}

export function useTimeRange(): TimeRange {
  const [range] = useFilter("range");
  const [since] = useFilter("since");
  const [until] = useFilter("until");
  return {
    range: LATEST.some(({ name }) => name === range) ? range : null,
    since: moment(since),
    until: moment(until),
  };
}

/** Changes all three at once: they exclude each other. */
export function useSetTimeRange(): (to: Partial<TimeRange>) => void {
  const [, setParameters] = useSearchParams();
  return (to) =>
    setParameters(
      (now) => {
        const next = new URLSearchParams(now);
        for (const name of ["range", "since", "until"] as const) {
          const value = to[name];
          if (value === undefined || value === null) next.delete(name);
          else next.set(name, value);
        }
        return next;
      },
      { replace: true },
    );
}

/** The same as the API asks for it. Called when it is asked: what ends now ends at another time tomorrow. */
export function boundsOf(
  { range, since, until }: TimeRange,
  nowMs = platformNow(),
): { since?: string; until?: string } {
  const latest = LATEST.find(({ name }) => name === range);
  if (latest !== undefined) return { since: new Date(nowMs - latest.seconds * 1_000).toISOString() };
  return { ...(since === null ? {} : { since }), ...(until === null ? {} : { until }) };
}

/** An address that somebody typed may hold anything. */
function moment(text: string | null): string | null {
  if (text === null) return null;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}

/** A moment as `<input type="datetime-local">` has it: in the time zone of the person. */
export function localInput(at: string | null): string {
  if (at === null) return "";
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
