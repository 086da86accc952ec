import { platformNow } from "@/shared/clock";

const DAY_MS = 86_400_000;

export const EXPIRIES: readonly { value: string; label: string; days: number | null }[] = [
  { value: "30", label: "In 30 days", days: 30 },
  { value: "90", label: "In 90 days", days: 90 },
  { value: "365", label: "In a year", days: 365 },
  { value: "never", label: "Never", days: null },
];

export const AT_A_TIME = "at";

/** When a key is to expire, as the API takes it; null: never; undefined: a time was to be given, and is not. */
export function expiresAt(choice: string, at: string, nowMs = platformNow()): string | null | undefined {
  if (choice === AT_A_TIME) {
    const ms = Date.parse(at);
    return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
  }
  const days = EXPIRIES.find(({ value }) => value === choice)?.days ?? null;
  return days === null ? null : new Date(nowMs + days * DAY_MS).toISOString();
}
