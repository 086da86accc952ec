import { useFilter } from "@/shared/useFilter";

/** How far the charts look back; the platform remembers an hour. */
export const RANGES: readonly { value: string; label: string; minutes: number }[] = [
  { value: "5m", label: "5 min", minutes: 5 },
  { value: "15m", label: "15 min", minutes: 15 },
  { value: "30m", label: "30 min", minutes: 30 },
  { value: "1h", label: "1 h", minutes: 60 },
];

const DEFAULT = "15m";

/** The range that the address names. */
export function useRange() {
  const [named, setNamed] = useFilter("range");
  const found = RANGES.find(({ value }) => value === named) ?? RANGES.find(({ value }) => value === DEFAULT);
  return {
    value: found?.value ?? DEFAULT,
    minutes: found?.minutes ?? 15,
    choose: (value: string) => setNamed(value === DEFAULT ? null : value),
  };
}
