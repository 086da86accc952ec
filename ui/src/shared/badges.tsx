import { Badge, Tooltip } from "@mantine/core";
import {
  IconAlertTriangle,
  IconBan,
  IconCheck,
  IconCircleFilled,
  IconClock,
  IconLoader2,
  IconMinus,
  IconRefresh,
  IconX,
  type TablerIcon,
} from "@tabler/icons-react";

import type {
  AlertStatus,
  DeliveryStatus,
  JobStatus,
  Notification,
  NotificationKind,
  NotificationStatus,
  StageState,
} from "@/api/types";

import classes from "./badges.module.css";
import { kindTold } from "./notification-kind";
import { capitalized } from "./words";

type Tone = "good" | "waiting" | "bad" | "warning" | "neutral";

interface Look {
  tone: Tone;
  icon: TablerIcon;
  label: string;
  says: string;
}

/** What can be said of an API key. */
export type KeyState = "active" | "expired" | "revoked";

/** Every status that the platform shows. Colour never stands alone: each has its word and its icon. */
const LOOKS: Record<
  | NotificationStatus
  | DeliveryStatus
  | JobStatus
  | StageState
  | AlertStatus
  | NotificationKind
  | "silent"
  | "enabled"
  | "disabled"
  | KeyState,
  Look
> = {
  RECEIVED: {
    tone: "waiting",
    icon: IconClock,
    label: "Received",
    says: "Stored; deliveries are under way",
  },
  SENT: { tone: "good", icon: IconCheck, label: "Sent", says: "Every delivery arrived" },
  PARTIAL: {
    tone: "warning",
    icon: IconAlertTriangle,
    label: "Partial",
    says: "Some deliveries arrived, others died",
  },
  FAILED: { tone: "bad", icon: IconX, label: "Failed", says: "No delivery arrived" },
  SKIPPED: { tone: "neutral", icon: IconMinus, label: "Skipped", says: "There was nothing to deliver to" },
  PENDING: { tone: "waiting", icon: IconClock, label: "Pending", says: "Waits for its first attempt" },
  RETRYING: {
    tone: "warning",
    icon: IconRefresh,
    label: "Retrying",
    says: "An attempt failed; another will follow",
  },
  DELIVERED: { tone: "good", icon: IconCheck, label: "Delivered", says: "The receiver has taken it" },
  DEAD: { tone: "bad", icon: IconX, label: "Dead", says: "Given up: it will not be tried again" },
  pending: { tone: "waiting", icon: IconClock, label: "Pending", says: "Waits for its turn" },
  running: { tone: "waiting", icon: IconLoader2, label: "Running", says: "Sends alerts now" },
  completed: { tone: "good", icon: IconCheck, label: "Completed", says: "All alerts were sent" },
  failed: { tone: "bad", icon: IconX, label: "Failed", says: "It ended with an error" },
  cancelled: { tone: "neutral", icon: IconBan, label: "Stopped", says: "Somebody stopped it" },
  healthy: { tone: "good", icon: IconCheck, label: "Healthy", says: "The latest step succeeded" },
  unhealthy: {
    tone: "bad",
    icon: IconAlertTriangle,
    label: "Failing",
    says: "The latest step failed; it is tried again",
  },
  offline: { tone: "neutral", icon: IconBan, label: "Offline", says: "Nothing was heard for two minutes" },
  silent: {
    tone: "bad",
    icon: IconBan,
    label: "Not reporting",
    says: "No process has said anything about it",
  },
  firing: { tone: "bad", icon: IconCircleFilled, label: "Firing", says: "Not over, as far as is known" },
  resolved: { tone: "good", icon: IconCheck, label: "Resolved", says: "It is over" },
  FIRING: { tone: "bad", icon: IconCircleFilled, label: "Firing", says: "Tells that the alert fires" },
  RESOLVED: { tone: "good", icon: IconCheck, label: "Resolved", says: "Tells that the alert is over" },
  enabled: { tone: "good", icon: IconCheck, label: "Enabled", says: "In effect" },
  disabled: { tone: "neutral", icon: IconBan, label: "Disabled", says: "Kept, and not in effect" },
  active: { tone: "good", icon: IconCheck, label: "Active", says: "Opens what its scopes say" },
  expired: { tone: "neutral", icon: IconClock, label: "Expired", says: "Its time is over: it opens nothing" },
  revoked: { tone: "neutral", icon: IconBan, label: "Revoked", says: "Taken back: it opens nothing" },
};

export type Status = keyof typeof LOOKS;

/** A status as word and icon; the tooltip says what it means. */
export function StatusBadge({ status }: { status: Status }) {
  const { tone, icon: Icon, label, says } = LOOKS[status];
  return (
    <Tooltip label={says}>
      <Badge
        className={classes.badge}
        data-tone={tone}
        leftSection={<Icon size={12} stroke={2.2} aria-hidden />}
        tt="none"
      >
        {label}
      </Badge>
    </Tooltip>
  );
}

/** What a notification tells of an alert with a life; nothing where the alert is an event. */
export function KindBadge({ notification }: { notification: Pick<Notification, "fingerprint" | "ends_at"> }) {
  const kind = kindTold(notification);
  return kind === null ? null : <StatusBadge status={kind} />;
}

const SEVERITY_TONES: Record<string, string> = {
  LOW: "low",
  MEDIUM: "medium",
  HIGH: "high",
  CRITICAL: "critical",
};

/** A severity; `*` (of a rule) is any. */
export function SeverityBadge({ severity }: { severity: string }) {
  return (
    <Badge className={classes.badge} data-severity={SEVERITY_TONES[severity] ?? "any"} tt="none">
      {severity === "*" ? "Any" : capitalized(severity)}
    </Badge>
  );
}
