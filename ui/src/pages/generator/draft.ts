import type { components } from "@/api/schema";

export type JobConfig = components["schemas"]["JobConfig"];

export interface JobDraft {
  mode: "rate" | "burst";
  rps: number | string;
  duration: string;
  burst: number | string;
  /** Empty: one is chosen. */
  seed: string;
  severity_dist: string;
  source_dist: string;
  name_dist: string;
  /** The first alert is one that is known beforehand. */
  test: boolean;
}

export const DEFAULT_DRAFT: JobDraft = {
  mode: "rate",
  rps: 10,
  duration: "60s",
  burst: 1_000,
  seed: "",
  severity_dist: "HIGH:30,MEDIUM:30,LOW:25,CRITICAL:15",
  source_dist: "api:25,db:20,cache:15,monitor:15,queue:10,worker:5,frontend:5,platform:5",
  name_dist: "timeout:15,error:15,crash:10,slow:10,memory:10,cpu:10,disk:10,network:10,auth:5,validation:5",
  test: false,
};

export const PRESETS: readonly { label: string; sets: Partial<JobDraft> }[] = [
  { label: "10 a second for a minute", sets: { mode: "rate", rps: 10, duration: "60s" } },
  { label: "800 a second for 3 minutes", sets: { mode: "rate", rps: 800, duration: "3m" } },
  { label: "Burst of 100,000", sets: { mode: "burst", burst: 100_000 } },
];

/** The draft that would start the same job again, its seed included: the same alerts with the same ids. */
export function draftOf(config: JobConfig): JobDraft {
  return {
    mode: config.burst > 0 ? "burst" : "rate",
    rps: config.rps,
    duration: config.duration,
    burst: config.burst > 0 ? config.burst : DEFAULT_DRAFT.burst,
    seed: config.seed === 0 ? "" : String(config.seed),
    severity_dist: config.severity_dist,
    source_dist: config.source_dist,
    name_dist: config.name_dist,
    test: config.test,
  };
}

/** What is sent. Numbers that are none stay away from the platform: the form says so first. */
export function configOf(draft: JobDraft): JobConfig {
  const isBurst = draft.mode === "burst";
  return {
    rps: isBurst ? 10 : Number(draft.rps),
    duration: isBurst ? "60s" : draft.duration.trim(),
    burst: isBurst ? Number(draft.burst) : 0,
    seed: draft.seed.trim() === "" ? 0 : Number(draft.seed),
    severity_dist: draft.severity_dist,
    source_dist: draft.source_dist,
    name_dist: draft.name_dist,
    test: draft.test,
    single_test: false,
  };
}

const UNITS_MS: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** Milliseconds of `60s`, `3m`, `1h30m`; null: it is no length of time. */
export function durationMs(text: string): number | null {
  if (!/^(?:\d{1,12}(?:\.\d{1,9})?(?:ms|h|m|s))+$/.test(text.trim())) return null;
  let total = 0;
  for (const [, number, unit] of text.matchAll(/([\d.]+)(ms|h|m|s)/g)) {
    total += Number(number) * (UNITS_MS[unit ?? ""] ?? 0);
  }
  return total;
}

/** How many alerts it makes; null: that cannot be said yet. */
export function alertsOf(draft: JobDraft): number | null {
  if (draft.mode === "burst") return isNumber(draft.burst) ? Number(draft.burst) : null;
  const ms = durationMs(draft.duration);
  return ms === null || !isNumber(draft.rps) ? null : Math.ceil((Number(draft.rps) * ms) / 1_000);
}

export function isNumber(value: number | string): boolean {
  return value !== "" && Number.isFinite(Number(value));
}
