import type { Alert, Notification } from "@/api/types";

// Ids of alerts are unique for one owner alone. An owner is written as the API's `owner`: a client, or "" for shared.

export function ownerOf(alert: Pick<Alert, "client_id">): string {
  return alert.client_id ?? "";
}

/** The owner of the alert that led to a notification, which carries the client that was notified. */
export function notifiedOwnerOf(notification: Pick<Notification, "client_id" | "private">): string {
  return notification.private ? notification.client_id : "";
}

/** Names one alert among those of all owners: for lists. */
export function alertKey(alert: Pick<Alert, "alert_id" | "client_id">): string {
  return JSON.stringify([ownerOf(alert), alert.alert_id]);
}

/** The owner for people. It holds text of others. */
export function ownerWords(owner: string): string {
  return owner === "" ? "Shared" : `Private to ${owner}`;
}

/** Which alert an address means. Where no owner is known the platform chooses among the alerts of the id. */
export interface AlertRef {
  alertId: string;
  owner?: string | undefined;
}

/** The address that explains an alert; with a client, to that client. */
export function explainPath({ alertId, owner }: AlertRef, clientId: string | null = null): string {
  const query = new URLSearchParams({ alert: alertId });
  if (owner !== undefined) query.set("owner", owner);
  if (clientId !== null) query.set("client", clientId);
  return `/explain?${query.toString()}`;
}

/** The address of a form that sends an alert, filled with another one. */
export function sendAgainPath({ alertId, owner }: AlertRef): string {
  const query = new URLSearchParams({ from: alertId });
  if (owner !== undefined) query.set("owner", owner);
  return `/explain/send?${query.toString()}`;
}
