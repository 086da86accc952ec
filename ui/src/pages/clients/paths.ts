/** Where a client's page is. Ids may hold anything, slashes included. */
export function clientPath(clientId: string): string {
  return `/clients/${encodeURIComponent(clientId)}`;
}

/** A list of one client's things. */
export function listPath(page: "rules" | "endpoints" | "notifications", clientId: string): string {
  return `/${page}?client=${encodeURIComponent(clientId)}`;
}
