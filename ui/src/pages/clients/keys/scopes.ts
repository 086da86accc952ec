import type { KeyScope } from "@/app/caller";

export const SCOPES: readonly { scope: KeyScope; allows: string }[] = [
  { scope: "alerts:write", allows: "Send alerts. All that a monitoring system needs." },
  {
    scope: "alerts:read",
    allows: "See all shared alerts, also those that did not notify the client.",
  },
  {
    scope: "rules:read",
    allows: "See rules and endpoints, try a rule on recent alerts, and see which rules an alert matches.",
  },
  { scope: "rules:write", allows: "Create, change and delete rules and endpoints; send tests." },
  {
    scope: "notifications:read",
    allows: "See recent alerts, notifications, their deliveries and every attempt, and figures.",
  },
  { scope: "notifications:resend", allows: "Send a notification again." },
];

/** What the scope that contains all others means, for whom the key is. */
export function allowedToAdmin(isForOperators: boolean): string {
  return isForOperators
    ? "Everything, for all clients: clients, keys, generator and dead letters too."
    : "Everything for this client, making and revoking its keys included.";
}

/** The scopes that a key asks for: `admin` contains all others. */
export function withoutContained(scopes: readonly string[]): KeyScope[] {
  const chosen = scopes as KeyScope[];
  return chosen.includes("admin") ? ["admin"] : [...chosen];
}

/** A command that tries a key out, by what it may do; what it prints proves that the key works. */
export function trialOf(scopes: readonly KeyScope[], origin: string, key: string): string {
  const begin = `export ALERTING_KEY='${key}'\ncurl -s`;
  const bearer = `-H "Authorization: Bearer $ALERTING_KEY"`;
  if (scopes.includes("alerts:write") || scopes.includes("admin")) {
    const alert = { severity: "HIGH", source: "checkout", name: "payment-failed" };
    return `${begin} ${origin}/api/v1/alerts \\\n  ${bearer} \\\n  --json '${JSON.stringify(alert)}'`;
  }
  const list = scopes.some((scope) => scope.startsWith("rules:")) ? "rules" : "notifications";
  const readable = scopes.includes("rules:read") || scopes.includes("notifications:read");
  return `${begin} ${origin}/api/v1/${readable ? list : "me"} \\\n  ${bearer}`;
}
