import type { Settings } from "@/platform/session";

export interface NumberField {
  name: keyof Settings;
  label: string;
  /** What is added to the label for people who see it. */
  says?: string;
  kind: "number" | "share";
  step?: number;
}

const field = (name: NumberField["name"], label: string, more: Partial<NumberField> = {}): NumberField => ({
  name,
  label,
  kind: "number",
  ...more,
});

/** What may change while it runs. */
export const LIVE: readonly { title: string; fields: readonly NumberField[] }[] = [
  {
    title: "Traffic",
    fields: [
      field("alerts_per_s", "Alerts a second"),
      field("poison_per_minute", "Unreadable records a minute"),
    ],
  },
  {
    title: "Workers",
    fields: [
      field("evaluators", "Evaluators"),
      field("aggregators", "Aggregators"),
      field("senders", "Senders"),
      field("recorders", "Recorders"),
      field("rule_updaters", "Rule updaters"),
    ],
  },
  {
    title: "Endpoints",
    fields: [
      field("endpoint_ms", "Time to answer, in ms", { step: 50 }),
      field("endpoint_errors", "Answers 500, in %", { kind: "share" }),
      field("endpoint_limits", "Answers 429, in %", { kind: "share" }),
      field("endpoint_slow", "Times out, in %", { kind: "share" }),
    ],
  },
];

export const DISTRIBUTIONS = [
  { name: "severity_dist", label: "Severities of alerts" },
  { name: "source_dist", label: "Sources of alerts" },
  { name: "name_dist", label: "Names of alerts" },
] as const;

/** What belongs to a run from its beginning to its end. */
export const FIXED: readonly NumberField[] = [
  field("partitions", "Partitions of each topic"),
  field("clients", "Made-up clients"),
  field("rules_per_client", "Rules of each client"),
  field("fan_out", "Clients that an alert matches", { step: 0.5 }),
  field("wildcard_share", "Rules with a wildcard, in %", { kind: "share" }),
  field("targets_per_client", "Endpoints of each client"),
];

/** A setting as it is typed: shares in per cent. */
export function toShown(field: NumberField, value: unknown): number {
  const number = typeof value === "number" ? value : 0;
  return field.kind === "share" ? Math.round(number * 1_000) / 10 : number;
}

export function fromShown(field: NumberField, shown: number): number {
  return field.kind === "share" ? shown / 100 : shown;
}
