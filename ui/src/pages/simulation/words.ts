import type { CheckName, HostState, KillPoint, WorkerGroup, WorkerView } from "@/backend/session";

/** Virtual time since the beginning: 3.25 s, 1:05.2, 1:02:03. */
export function clock(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 60) return `${seconds.toFixed(2)} s`;
  const whole = Math.floor(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60];
  if (hours > 0) return `${hours}:${two(minutes)}:${two(whole % 60)}`;
  return `${minutes}:${two(whole % 60)}.${Math.floor((ms % 1_000) / 100)}`;
}

export const WORKER_GROUPS: Record<WorkerGroup, { name: string; does: string }> = {
  recorder: { name: "Recorders", does: "keep alerts for people to look at" },
  evaluator: { name: "Evaluators", does: "find the rules that match" },
  aggregator: { name: "Aggregators", does: "store one notification per client and alert" },
  sender: { name: "Senders", does: "tell endpoints, try again when they fail" },
  "rule-updater": { name: "Rule updaters", does: "keep the rules in Redis" },
};

export const CHECKS: Record<CheckName, { name: string; unit: string }> = {
  lost: { name: "Lost", unit: "notifications" },
  doubled: { name: "Doubled", unit: "notifications or messages" },
  order: { name: "Order of commits", unit: "records passed too early" },
  poison: { name: "Unreadable", unit: "without a trace" },
  "rules-whole": { name: "Rules whole", unit: "times not" },
  "rules-fresh": { name: "Rules fresh", unit: "evaluators behind" },
  unfinished: { name: "Unfinished", unit: "pieces of work" },
};

export const KILLS: Record<KillPoint, { label: string; says: string }> = {
  now: { label: "now", says: "kill -9, whatever it does" },
  "before-commit": { label: "before it commits", says: "its work is done, its offsets are not committed" },
  between: { label: "between outputs and offsets", says: "its outputs are written, its offsets are not" },
  "after-commit": { label: "after it commits", says: "its offsets are committed, before anything else" },
};

export const HOST_STATES: Record<HostState, string> = {
  well: "well",
  down: "down",
  slow: "slow",
  errors: "answering 500",
  limits: "answering 429",
  gone: "answering 410",
};

/** What a worker is doing, as one word, and the tone it is shown in. */
export function stateOf(worker: WorkerView): {
  word: string;
  tone: "idle" | "busy" | "commit" | "bad" | "warning";
} {
  if (worker.state === "dead") return { word: "dead", tone: "bad" };
  if (worker.state === "paused") return { word: "frozen", tone: "warning" };
  if (worker.state === "stopping") return { word: "stopping", tone: "warning" };
  switch (worker.does) {
    case "working":
      return { word: "working", tone: "busy" };
    case "sending":
      return { word: "sending", tone: "busy" };
    case "committing":
      return { word: "committing", tone: "commit" };
    case "backing-off":
      return { word: "backing off", tone: "warning" };
    case "polling":
    case "waiting":
    case "nothing":
      return { word: worker.does === "nothing" ? "idle" : worker.does, tone: "idle" };
  }
}
