import type { MetricSeries, StageSummary } from "@/api/types";

/** Stages without which some alert, notification or delivery would wait for ever. */
const ALWAYS = [
  "recorder",
  "evaluator",
  "aggregator",
  "dispatcher",
  "deliverer",
  "reclaimer",
  "sweeper",
] as const;

/** Stages that carry edits of rules to evaluators in other processes: all of them, or none. */
const RULES = ["relay", "rule-updater", "rule-reconciler"] as const;

export interface Shown {
  stage: string;
  /** null: no process reports it. */
  summary: StageSummary | null;
}

/** All stages that there should be, in pipeline order, with those that no process reports. */
export function shownStages(reported: readonly StageSummary[]): Shown[] {
  const named = new Map(reported.map((summary) => [summary.stage, summary]));
  const withRules = RULES.some((stage) => named.has(stage));
  const expected: readonly string[] = [...ALWAYS, ...(withRules ? RULES : [])];
  const others = reported.filter(({ stage }) => !expected.includes(stage));
  return [
    ...expected.map((stage) => ({ stage, summary: named.get(stage) ?? null })),
    ...others.map((summary) => ({ stage: summary.stage, summary })),
  ];
}

/** The beginnings of the spans of a series, in unix milliseconds. The last span is still under way: it is left out. */
export function timesOf(series: MetricSeries): number[] {
  const begin = Date.parse(series.begins_at);
  const spans = Math.max(0, series.buckets - 1);
  return Array.from({ length: spans }, (_, place) => begin + place * series.bucket_s * 1_000);
}

/** Counts of spans as rates a second, without the span that is under way. */
export function perSecond(counts: readonly number[], series: MetricSeries): number[] {
  return counts.slice(0, Math.max(0, series.buckets - 1)).map((each) => each / series.bucket_s);
}

/** The same spans of any other list. */
export function whole<T>(values: readonly T[], series: MetricSeries): T[] {
  return values.slice(0, Math.max(0, series.buckets - 1));
}
