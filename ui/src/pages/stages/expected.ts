import type { MetricSeries, StageSummary, StageWiring } from "@/api/types";

export interface Shown {
  stage: string;
  /** null: the platform that is shown does not know it any more, or not yet. */
  wiring: StageWiring | null;
  /** null: no process reports it. */
  summary: StageSummary | null;
}

/**
 * All stages that there should be, in pipeline order, with those that no process reports. Those that carry edits of
 * rules to evaluators in other processes are needed all of them, or none.
 */
export function shownStages(topology: readonly StageWiring[], reported: readonly StageSummary[]): Shown[] {
  const named = new Map(reported.map((summary) => [summary.stage, summary]));
  const withRules = topology.some(({ stage, handles }) => handles === "rules" && named.has(stage));
  const expected = topology.filter(({ handles }) => handles === "alerts" || withRules);
  const others = reported.filter(({ stage }) => !expected.some((each) => each.stage === stage));
  return [
    ...expected.map((wiring) => ({
      stage: wiring.stage,
      wiring,
      summary: named.get(wiring.stage) ?? null,
    })),
    ...others.map((summary) => ({ stage: summary.stage, wiring: null, summary })),
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
