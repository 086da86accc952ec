/** Figures as people read them: 1,234 · 12.3k · 4.5M. */

const COMPACT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const ONE_DIGIT = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const TWO_DIGITS = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

/** A count; exact below 100,000. */
export function count(value: number): string {
  return Math.abs(value) < 100_000 ? WHOLE.format(value) : COMPACT.format(value);
}

/** A rate or other measured value: three digits that say something, and no more. */
export function measure(value: number): string {
  const size = Math.abs(value);
  if (size >= 100_000) return COMPACT.format(value);
  if (size >= 100) return WHOLE.format(value);
  return size >= 10 ? ONE_DIGIT.format(value) : TWO_DIGITS.format(value);
}

/** A rate in the unit in which a person reads it: 61.5 a second, 2 a minute, 3 an hour. */
export function rate(perSecond: number): { figure: string; unit: string } {
  if (perSecond >= 1) return { figure: measure(perSecond), unit: "a second" };
  const perMinute = Math.round(perSecond * 60);
  if (perMinute >= 1 || perSecond === 0) return { figure: WHOLE.format(perMinute), unit: "a minute" };
  return { figure: measure(perSecond * 3_600), unit: "an hour" };
}

/** The same as one text. */
export function rateText(perSecond: number): string {
  const { figure, unit } = rate(perSecond);
  return `${figure} ${unit}`;
}

const UNITS = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
] as const;

/** How long something lasted, by its two largest units: 20 min, 1 min 5 s, 3 d 4 h. */
export function lasted(ms: number): string {
  let seconds = Math.max(0, Math.floor(ms / 1_000));
  const parts: string[] = [];
  for (const [unit, size] of UNITS) {
    const whole = Math.floor(seconds / size);
    seconds -= whole * size;
    if (whole > 0) parts.push(`${WHOLE.format(whole)} ${unit}`);
  }
  return parts.slice(0, 2).join(" ") || "0 s";
}

/** A duration in milliseconds: 840 ms, 3.2 s, 5 min, 2 h. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${measure(ms)} ms`;
  if (ms < 60_000) return `${measure(ms / 1_000)} s`;
  if (ms < 3_600_000) return `${measure(ms / 60_000)} min`;
  return ms < 172_800_000 ? `${measure(ms / 3_600_000)} h` : `${measure(ms / 86_400_000)} d`;
}
