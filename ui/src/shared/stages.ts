/** What a stage of the pipeline is, for people. */
export interface StageAbout {
  label: string;
  does: string;
  /** The topic that it reads, in the words of the field. */
  reads: string | null;
}

const STAGES: Record<string, StageAbout> = {
  evaluator: {
    label: "Evaluator",
    does: "Matches alerts against the rules of all clients",
    reads: "alerts.new",
  },
  aggregator: {
    label: "Aggregator",
    does: "Stores one notification per client and alert",
    reads: "alerts.matched",
  },
  dispatcher: {
    label: "Dispatcher",
    does: "Plans one delivery per target of a notification",
    reads: "notifications.ready",
  },
  deliverer: {
    label: "Deliverer",
    does: "Sends e-mails, Slack messages and webhooks, and tries again",
    reads: "deliveries",
  },
  recorder: { label: "Recorder", does: "Keeps alerts, so that they can be explained", reads: "alerts.new" },
  sweeper: { label: "Sweeper", does: "Picks up notifications that were left lying", reads: null },
  reclaimer: {
    label: "Reclaimer",
    does: "Hands on deliveries of senders that have ended",
    reads: null,
  },
  relay: { label: "Relay", does: "Publishes changes of rules from the database", reads: "outbox" },
  "rule-updater": {
    label: "Rule updater",
    does: "Keeps the snapshot of rules that evaluators read",
    reads: "rule.changed",
  },
  "rule-reconciler": {
    label: "Rule reconciler",
    does: "Compares the snapshot with the database, and mends it",
    reads: null,
  },
};

/** The way of an alert, in order. Everything else works beside it. */
export const MAIN_STAGES = ["evaluator", "aggregator", "dispatcher", "deliverer"] as const;

/** Describes a stage; one that these pages do not know yet goes by its own name. */
export function aboutStage(stage: string): StageAbout {
  return STAGES[stage] ?? { label: stage, does: "", reads: null };
}
