import { type AlertStatus, SEVERITIES, type Severity } from "@/api/types";

/** One label of the context, while it is written. */
export interface LabelDraft {
  /** For the list on the page alone. */
  key: number;
  label: string;
  value: string;
}

export interface AlertDraft {
  severity: Severity;
  source: string;
  name: string;
  alertId: string;
  /** What an alert with a life is known by; empty: it is an event. */
  dedupKey: string;
  /** Of an alert with a life. */
  status: AlertStatus;
  /** The client that the alert is private to, which only operators choose; null: what the key sends by itself. */
  clientId: string | null;
  context: LabelDraft[];
}

/** An event with nothing filled in. */
export const BLANK: AlertDraft = {
  severity: "HIGH",
  source: "",
  name: "",
  alertId: "",
  dedupKey: "",
  status: "firing",
  clientId: null,
  context: [],
};

export function severityOf(text: string | null): Severity | null {
  return SEVERITIES.find((value) => value === text) ?? null;
}

export function labelsOf(context: Readonly<Record<string, string>>): LabelDraft[] {
  return Object.entries(context).map(([label, value], key) => ({ key, label, value }));
}

/** What keeps the labels from being sent, by their place. */
export function labelProblems(context: readonly LabelDraft[]): Record<number, string> {
  const problems: Record<number, string> = {};
  const seen = new Set<string>();
  context.forEach(({ label, value }, place) => {
    if (label === "" && value !== "") problems[place] = "Name the label";
    else if (label !== "" && seen.has(label)) problems[place] = "There is such a label already";
    seen.add(label);
  });
  return problems;
}

/** Whether it fires and is resolved later; such an alert is given its id by the platform. */
export function hasLife({ dedupKey }: AlertDraft): boolean {
  return dedupKey.trim() !== "";
}

/** The body of the request; rows that were left empty are none. */
export function bodyOf(draft: AlertDraft) {
  const { severity, source, name, alertId, dedupKey, status, clientId, context } = draft;
  const labels = context
    .filter(({ label }) => label !== "")
    .map(({ label, value }) => [label, value] as const);
  return {
    severity,
    source,
    name,
    context: Object.fromEntries(labels),
    ...(hasLife(draft) ? { dedup_key: dedupKey.trim(), status } : {}),
    ...(hasLife(draft) || alertId.trim() === "" ? {} : { alert_id: alertId.trim() }),
    ...(clientId === null ? {} : { client_id: clientId }),
  };
}
