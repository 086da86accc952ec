import type { components } from "@/api/schema";

export type SourceName = components["schemas"]["SourceName"];

/** The systems whose payloads are read, and what people call them. */
export const SOURCES: Record<SourceName, string> = {
  generic: "Any JSON, by a mapping",
  alertmanager: "Alertmanager, webhook",
  grafana: "Grafana, webhook",
  sns: "Amazon SNS",
  datadog: "Datadog, webhook",
  pagerduty: "PagerDuty, Events API",
  sentry: "Sentry, webhook",
};

/** Part of an alert → where it stands in a payload, or what it is. */
export type Mapping = Record<Part, string>;

/** The parts that a mapping may name, in the order in which they are filled in; the API says what is wrong with one. */
export const PARTS = {
  name: { label: "Name", example: "$.title" },
  severity: { label: "Severity", example: "$.level" },
  source: { label: "Source", example: "backup" },
  dedup_key: { label: "Deduplication key", example: "$.job.name" },
  status: { label: "Status", example: "$.state" },
  summary: { label: "Summary", example: "$.text" },
  starts_at: { label: "Starts at", example: "$.time" },
  ends_at: { label: "Ends at", example: "$.ended" },
  context: { label: "Labels", example: "$.labels" },
  annotations: { label: "Annotations", example: "$.details" },
  items: { label: "List of alerts", example: "$.alerts" },
} as const;

export type Part = keyof typeof PARTS;

export const PART_NAMES = Object.keys(PARTS) as Part[];

export interface PayloadDraft {
  source: SourceName;
  mapping: Mapping;
  payload: string;
}

export const BLANK: PayloadDraft = {
  source: "generic",
  mapping: {
    ...(Object.fromEntries(PART_NAMES.map((part) => [part, ""])) as Mapping),
    name: "$.title",
    severity: "$.level",
    source: "backup",
  },
  payload: JSON.stringify({ title: "Backup failed", level: "error", host: "db1" }, null, 2),
};

/** The parts of the mapping that were filled in. */
export function filledParts(mapping: Mapping): Partial<Mapping> {
  return Object.fromEntries(Object.entries(mapping).filter(([, text]) => text.trim() !== ""));
}

/** Where a system sends such a payload. */
export function addressOf(draft: PayloadDraft): string {
  const query = draft.source === "generic" ? new URLSearchParams(filledParts(draft.mapping)).toString() : "";
  return `/api/v1/sources/${draft.source}${query === "" ? "" : `?${query}`}`;
}

/** Why a text is no JSON; null when it is. */
export function jsonProblem(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return `This is no JSON: ${error instanceof Error ? error.message : "it cannot be read"}`;
  }
}
