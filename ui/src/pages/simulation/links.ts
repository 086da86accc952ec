/** The address that explains an alert to a client. */
export function explainPath(alertId: string, clientId: string | null): string {
  const query = new URLSearchParams({ alert: alertId });
  if (clientId !== null) query.set("client", clientId);
  return `/explain?${query.toString()}`;
}
