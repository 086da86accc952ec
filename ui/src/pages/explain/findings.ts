import type { Explanation } from "@/api/types";
import { capitalized } from "@/shared/words";

export type ExplainedRule = Explanation["rules"][number];
export type Field = "severity" | "source" | "name";

const FIELDS: readonly Field[] = ["severity", "source", "name"];
const ANY = "*";

/** What one field of a rule asks for, and whether the alert has it. */
export interface Compared {
  field: Field;
  expected: string;
  actual: string;
  verdict: "any" | "equal" | "differs";
  /** Why two texts that look alike differ. */
  hint: string | null;
}

/** Each field side by side, as the platform decided. */
export function compared(rule: ExplainedRule, alert: Explanation["alert"]): Compared[] {
  return FIELDS.map((field) => {
    const finding = rule.findings.find((each) => each.field === field);
    const expected = rule[field];
    const verdict = finding !== undefined ? "differs" : expected === ANY ? "any" : "equal";
    return { field, expected, actual: alert[field], verdict, hint: hintIn(finding?.detail ?? "") };
  });
}

/** The end of the platform's sentence, where it says what the eye does not see. */
function hintIn(detail: string): string | null {
  return /: they ((?:differ|look) [\w ,]+)$/.exec(detail)?.[1] ?? null;
}

/** How near a rule came: what it is sorted and grouped by. */
export type Nearness = "matched" | "near" | "far";

export function differing(rule: ExplainedRule): Field[] {
  return FIELDS.filter((field) => rule.findings.some((finding) => finding.field === field));
}

/** A near miss has one thing that stood against it: one field, or that it is disabled. */
export function nearness(rule: ExplainedRule): Nearness {
  if (rule.matched) return "matched";
  return rule.findings.length <= 1 ? "near" : "far";
}

/** Those that match, the near misses, and the others; in each as the platform ordered them. */
export function grouped(rules: readonly ExplainedRule[]): Record<Nearness, ExplainedRule[]> {
  const groups: Record<Nearness, ExplainedRule[]> = { matched: [], near: [], far: [] };
  for (const rule of rules) groups[nearness(rule)].push(rule);
  for (const misses of [groups.near, groups.far]) {
    misses.sort((one, other) => one.findings.length - other.findings.length);
  }
  return groups;
}

/** The decision about one rule in a few words. */
export function verdictOf(rule: ExplainedRule): string {
  if (rule.matched) return "Matches";
  const fields = differing(rule);
  const also: string[] = [];
  if (!rule.enabled) also.push(fields.length === 0 ? "is disabled" : "it is disabled");
  if (rule.findings.some((finding) => finding.reason === "owner-differs"))
    also.push("the alert is private to another client");
  if (rule.findings.some((finding) => finding.reason === "others-not-shown"))
    return "Matches if no other client's rule does, which is not shown";
  if (rule.findings.some((finding) => finding.reason === "met-by-another-rule"))
    also.push("another rule meets the alert");
  if (fields.length === 0) return `Would match, but ${also.join(", and ")}`;
  return capitalized(
    [`${listed(fields)} ${fields.length === 1 ? "differs" : "differ"}`, ...also].join(", and "),
  );
}

function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} and ${last}`;
}
