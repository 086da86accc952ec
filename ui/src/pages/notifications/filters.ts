import {
  type NotificationKind,
  type NotificationStatus,
  type Rule,
  SEVERITIES,
  type Severity,
} from "@/api/types";
import { type TimeRange, useTimeRange } from "@/shared/time-range";
import { useFilter } from "@/shared/useFilter";

export const STATUSES: readonly { value: NotificationStatus; label: string }[] = [
  { value: "RECEIVED", label: "Received (under way)" },
  { value: "SENT", label: "Sent" },
  { value: "PARTIAL", label: "Partial" },
  { value: "FAILED", label: "Failed" },
  { value: "SKIPPED", label: "Skipped" },
];

export const KINDS: readonly { value: NotificationKind; label: string }[] = [
  { value: "FIRING", label: "Firing, or an event" },
  { value: "RESOLVED", label: "Resolved" },
];

export const FILTER_NAMES = [
  "kind",
  "status",
  "severity",
  "source",
  "name",
  "alert_id",
  "rule_id",
  "range",
  "since",
  "until",
] as const;

export interface NotificationFilters {
  kind: NotificationKind | undefined;
  status: NotificationStatus | undefined;
  severity: Severity | undefined;
  source: string | undefined;
  name: string | undefined;
  alert_id: string | undefined;
  rule_id: string | undefined;
  time: TimeRange;
}

/** What the address asks for. Values that do not exist are none: a link of yesterday must not break the page. */
export function useNotificationFilters(): NotificationFilters {
  const [kind] = useFilter("kind");
  const [status] = useFilter("status");
  const [severity] = useFilter("severity");
  const [source] = useFilter("source");
  const [name] = useFilter("name");
  const [alertId] = useFilter("alert_id");
  const [ruleId] = useFilter("rule_id");
  return {
    kind: KINDS.find(({ value }) => value === kind)?.value,
    status: STATUSES.find(({ value }) => value === status)?.value,
    severity: SEVERITIES.find((value) => value === severity),
    source: source ?? undefined,
    name: name ?? undefined,
    alert_id: alertId ?? undefined,
    rule_id: ruleId ?? undefined,
    time: useTimeRange(),
  };
}

/** An address that lists what *rule* has led to. */
export function notificationsOfRule({ rule_id: ruleId, client_id: clientId }: Rule): string {
  return `/notifications?${new URLSearchParams({ rule_id: ruleId, client: clientId }).toString()}`;
}

export function isFiltered({ time, ...filters }: NotificationFilters): boolean {
  return [...Object.values(filters), time.range ?? time.since ?? time.until ?? undefined].some(
    (value) => value !== undefined,
  );
}
