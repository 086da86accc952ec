import type { components } from "@/api/schema";
import type { Metrics } from "@/api/types";
import { count } from "@/shared/figures";
import { stageLabel } from "@/shared/stages";

type DeadLetterTopics = components["schemas"]["LetterTopicsShown"];

/** One thing that fails now. */
export interface Failure {
  key: string;
  /** bad: something is lost on its way, or stands still. warning: it is being tried again. */
  tone: "bad" | "warning";
  title: string;
  /** Text of the platform or of a receiver: show it as text of others. */
  detail: string | null;
  link: { to: string; label: string } | null;
}

/** Lists what fails, the worst first. */
export function failuresIn(metrics: Metrics, deadLetters: DeadLetterTopics | null): Failure[] {
  const found = [...stageFailures(metrics), ...circuitFailures(metrics), ...deliveryFailures(metrics)];
  if (deadLetters !== null && deadLetters.letters > 0) {
    found.push({
      key: "dead-letters",
      tone: "bad",
      title: `${plural(deadLetters.letters, "record")} could not be read`,
      detail: deadLetters.topics.map(({ topic, letters: held }) => `${topic}: ${count(held)}`).join(", "),
      link: { to: "/dead-letters", label: "Show dead letters" },
    });
  }
  return found.sort((one, other) => Number(one.tone === "warning") - Number(other.tone === "warning"));
}

function stageFailures(metrics: Metrics): Failure[] {
  const link = { to: "/stages", label: "Show metrics" };
  const found: Failure[] = metrics.pipeline
    .filter(({ state }) => state !== "healthy")
    .map(({ stage, state, last_error }) => ({
      key: `stage ${stage}`,
      tone: "bad",
      title: state === "offline" ? `${stageLabel(stage)} is offline` : `${stageLabel(stage)} is failing`,
      detail: state === "offline" ? "Nothing was heard of it for two minutes." : last_error,
      link,
    }));
  for (const { stage, state, instances } of metrics.pipeline) {
    const away = (instances.offline ?? 0) + (instances.unhealthy ?? 0);
    if (state !== "healthy" || away === 0) continue;
    found.push({
      key: `instances ${stage}`,
      tone: "warning",
      title: `${stageLabel(stage)}: ${away} of ${away + (instances.healthy ?? 0)} processes not healthy`,
      detail: null,
      link,
    });
  }
  if (metrics.stages_unavailable) {
    found.push({
      key: "unavailable",
      tone: "warning",
      title: "The figures of the stages could not be read",
      detail: "What keeps them is away. The stages themselves may be well.",
      link: null,
    });
  }
  return found;
}

function circuitFailures({ circuits }: Metrics): Failure[] {
  const hosts = new Map<string, "open" | "half-open">();
  for (const { host, state } of circuits) if (hosts.get(host) !== "open") hosts.set(host, state);
  return [...hosts].map(([host, state]) => ({
    key: `circuit ${host}`,
    tone: "warning",
    title: state === "open" ? "A receiver is left alone for a while" : "A receiver is being tried again",
    detail: host,
    link: { to: "/endpoints", label: "Show endpoints" },
  }));
}

function deliveryFailures({ totals }: Metrics): Failure[] {
  const { DEAD: dead = 0, RETRYING: retrying = 0 } = totals.deliveries_by_status;
  const found: Failure[] = [];
  if (dead > 0) {
    const to = "/notifications?status=FAILED";
    const label = "Show failed notifications";
    found.push({
      key: "dead",
      tone: "bad",
      title: `${plural(dead, "delivery", "deliveries")} given up`,
      detail: "They were refused for good, or ran out of attempts.",
      link: { to, label },
    });
  }
  if (retrying > 0) {
    found.push({
      key: "retrying",
      tone: "warning",
      title: `${plural(retrying, "delivery", "deliveries")} will be tried again`,
      detail: null,
      link: { to: "/notifications?status=RECEIVED", label: "Show what is under way" },
    });
  }
  return found;
}

function plural(amount: number, one: string, many = `${one}s`): string {
  return `${count(amount)} ${amount === 1 ? one : many}`;
}
