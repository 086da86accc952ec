import type { Notification, NotificationKind } from "@/api/types";

/**
 * What the messages of a notification say of an alert with a life; null: its alert is an event. That of an alert which
 * was over before anybody could be told that it fires tells both at once: they say that it is resolved.
 */
export function kindTold({
  fingerprint,
  ends_at: endsAt,
}: Pick<Notification, "fingerprint" | "ends_at">): NotificationKind | null {
  if (fingerprint === null) return null;
  return endsAt === null ? "FIRING" : "RESOLVED";
}
