import type { Delivery, Notification } from "@/api/types";

export const AT = "2026-01-02T03:04:05.678Z";

/** A notification of an event. */
export function notification(number: number, changes: Partial<Notification> = {}): Notification {
  return {
    notification_id: `00000000-0000-8000-8000-00000000000${number}`,
    client_id: "acme",
    alert_id: `alert-${number}`,
    severity: "HIGH",
    source: "checkout",
    name: `payment-failed-${number}`,
    context: {},
    annotations: {},
    private: false,
    rule_ids: ["rule-1"],
    event_ts: 1_767_323_045,
    status: "SENT",
    kind: "FIRING",
    fingerprint: null,
    ends_at: null,
    firing_notification_id: null,
    resolved_notification_id: null,
    created_at: AT,
    updated_at: AT,
    ...changes,
  };
}

export function delivery(target: string, changes: Partial<Delivery>): Delivery {
  return {
    delivery_id: target,
    endpoint_id: "endpoint-1",
    type: "webhook",
    target,
    status: "DELIVERED",
    reason: "delivered",
    attempt_count: 1,
    next_attempt_at: null,
    is_being_sent: false,
    created_at: AT,
    updated_at: AT,
    attempts: [],
    ...changes,
  };
}
