const HOUR_MS = 3_600_000;

/** Where the bars of counts by hour stand: in the middle of each hour, the last of which ended at *countedAt*. */
export function middlesOfHours(countedAt: string, hours: number): number[] {
  const end = Date.parse(countedAt);
  return Array.from({ length: hours }, (_, place) => end - (hours - place - 0.5) * HOUR_MS);
}
