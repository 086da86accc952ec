import { type AlertStatus, SEVERITIES, type Severity } from "@/api/types";

/** One label or annotation, while it is written. */
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
  annotations: LabelDraft[];
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
  annotations: [],
};

export function severityOf(text: string | null): Severity | null {
  return SEVERITIES.find((value) => value === text) ?? null;
}

export function labelsOf(texts: Readonly<Record<string, string>>): LabelDraft[] {
  return Object.entries(texts).map(([label, value], key) => ({ key, label, value }));
}

/** What keeps labels or annotations from being sent, by their place. */
export function labelProblems(rows: readonly LabelDraft[]): Record<number, string> {
  const problems: Record<number, string> = {};
  const seen = new Set<string>();
  rows.forEach(({ label, value }, place) => {
    if (label === "" && value !== "") problems[place] = "Name it";
    else if (label !== "" && seen.has(label)) problems[place] = "There is one of this name already";
    seen.add(label);
  });
  return problems;
}

/** Whether it fires and is resolved later; such an alert is given its id by the platform. */
export function hasLife({ dedupKey }: AlertDraft): boolean {
  return dedupKey.trim() !== "";
}

function textsOf(rows: readonly LabelDraft[]): Record<string, string> {
  return Object.fromEntries(
    rows.filter(({ label }) => label !== "").map(({ label, value }) => [label, value]),
  );
}

/** The body of the request; rows that were left empty are none. */
export function bodyOf(draft: AlertDraft) {
  const { severity, source, name, alertId, dedupKey, status, clientId, context } = draft;
  const annotations = textsOf(draft.annotations);
  return {
    severity,
    source,
    name,
    context: textsOf(context),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    ...(hasLife(draft) ? { dedup_key: dedupKey.trim(), status } : {}),
    ...(hasLife(draft) || alertId.trim() === "" ? {} : { alert_id: alertId.trim() }),
    ...(clientId === null ? {} : { client_id: clientId }),
  };
}
