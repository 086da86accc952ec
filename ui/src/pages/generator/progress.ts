import { useState } from "react";

import type { Job } from "@/api/types";

/** Samples that are looked back on: one poll alone jumps, since jobs send in batches. */
const SAMPLES_MAX = 6;

interface Sample {
  atMs: number;
  sent: number;
}

/** Whether a job still has something to do. */
export function isUnderWay(job: Job): boolean {
  return job.status === "pending" || job.status === "running";
}

/**
 * Alerts a second. Of a job that has ended by its own times; of one that runs as this page sees it go on, since the
 * clocks of the platform and of this device need not agree.
 */
export function useRate(job: Job, seenAtMs: number): number | null {
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  const last = samples.at(-1);
  if (job.status === "running" && last?.atMs !== seenAtMs) {
    setSamples([...samples.slice(1 - SAMPLES_MAX), { atMs: seenAtMs, sent: job.alerts_sent }]);
  }
  if (job.status === "running") {
    const first = samples[0];
    if (first === undefined || seenAtMs - first.atMs < 500) return null;
    return ((job.alerts_sent - first.sent) * 1_000) / (seenAtMs - first.atMs);
  }
  if (job.started_at === null || job.completed_at === null) return null;
  const ms = Date.parse(job.completed_at) - Date.parse(job.started_at);
  return ms > 0 ? (job.alerts_sent * 1_000) / ms : null;
}

/** Milliseconds until a running job is done, at the rate that it has. */
export function remainingMs(job: Job, rate: number | null): number | null {
  if (job.status !== "running" || rate === null || rate <= 0) return null;
  return ((job.alerts_total - job.alerts_sent) * 1_000) / rate;
}

/** What a job was asked to do, in a few words. */
export function asked({ config }: Job): string {
  if (config.custom != null) {
    const { count } = config.custom;
    return `One given alert, ${count === 1 ? "once" : `${count.toLocaleString("en")} times`}`;
  }
  if (config.single_test) return "The test alert";
  if (config.burst > 0) return `Burst of ${config.burst.toLocaleString("en")}`;
  return `${config.rps.toLocaleString("en")} a second for ${config.duration}`;
}
