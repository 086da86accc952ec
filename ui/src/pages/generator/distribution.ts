/** Values with weights, as in `HIGH:30,MEDIUM:30,LOW:25,CRITICAL:15`. The platform reads them the same way. */

export const WEIGHTS_SUM = 100;

export interface Entry {
  value: string;
  weight: number;
}

export interface Distribution {
  /** Those that can be read; what cannot is among the problems. */
  entries: readonly Entry[];
  sum: number;
  problems: readonly string[];
}

const WEIGHT = /^\d{1,3}$/;

export function readDistribution(text: string, allowed?: readonly string[]): Distribution {
  if (text.trim() === "") return { entries: [], sum: 0, problems: ["Write value:weight, value:weight, …"] };
  const entries: Entry[] = [];
  const problems: string[] = [];
  const known = new Set<string>();
  for (const part of text.split(",")) {
    const colon = part.lastIndexOf(":");
    const value = part.slice(0, Math.max(0, colon)).trim();
    const weight = part.slice(colon + 1).trim();
    const shown = part.trim().slice(0, 40);
    if (colon < 0) problems.push(shown === "" ? "There is a comma too many" : `“${shown}” has no weight`);
    else if (value === "") problems.push(`“${shown}” has no value`);
    else if (allowed !== undefined && !allowed.includes(value))
      problems.push(`“${value.slice(0, 40)}” is none of ${allowed.join(", ")}`);
    else if (!WEIGHT.test(weight) || Number(weight) > WEIGHTS_SUM)
      problems.push(`The weight of “${value.slice(0, 40)}” is no whole number from 0 to ${WEIGHTS_SUM}`);
    else if (known.has(value)) problems.push(`“${value.slice(0, 40)}” comes more than once`);
    else {
      known.add(value);
      entries.push({ value, weight: Number(weight) });
    }
  }
  const sum = entries.reduce((total, { weight }) => total + weight, 0);
  if (problems.length === 0 && sum !== WEIGHTS_SUM) {
    const away = Math.abs(WEIGHTS_SUM - sum);
    problems.push(`The weights sum to ${sum}: ${away} too ${sum < WEIGHTS_SUM ? "few" : "many"}`);
  }
  return { entries, sum, problems };
}

/** The same values with weights in the same proportion that sum to 100: largest remainders get what rounding left. */
export function scaled(entries: readonly Entry[]): string {
  const sum = entries.reduce((total, { weight }) => total + weight, 0);
  const exact = entries.map(({ weight }) =>
    sum === 0 ? WEIGHTS_SUM / entries.length : (weight * WEIGHTS_SUM) / sum,
  );
  const whole = exact.map(Math.floor);
  let left = WEIGHTS_SUM - whole.reduce((total, each) => total + each, 0);
  const byRemainder = exact
    .map((each, place) => ({ place, remainder: each % 1 }))
    .sort((a, b) => b.remainder - a.remainder);
  for (const { place } of byRemainder) {
    if (left <= 0) break;
    whole[place] = (whole[place] ?? 0) + 1;
    left -= 1;
  }
  return entries.map(({ value }, place) => `${value}:${whole[place] ?? 0}`).join(",");
}
