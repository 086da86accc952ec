/** The address that explains an alert; with a client, to that client. */
export function explainPath(alertId: string, clientId: string | null = null): string {
  const query = new URLSearchParams({ alert: alertId });
  if (clientId !== null) query.set("client", clientId);
  return `/explain?${query.toString()}`;
}

/** The address of a form that sends an alert, filled with another one. */
export function sendAgainPath(alertId: string): string {
  return `/explain/send?${new URLSearchParams({ from: alertId }).toString()}`;
}
