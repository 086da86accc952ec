import { type Api, ask, newIdempotencyKey } from "@/api/client";

import type { TourProgress } from "./tour-progress";

const RULES_READ = 50;

/** Sends an alert that the rules of some client want, and says which. */
export async function sendMatchingAlert(api: Api): Promise<NonNullable<TourProgress["alert"]>> {
  const { items } = await ask(api.GET("/api/v1/rules", { params: { query: { limit: RULES_READ } } }));
  const rule = items.find((each) => each.enabled);
  if (rule === undefined) throw new Error("No client has a rule: create one on the page Rules first");
  const severity = rule.severity === "*" ? "HIGH" : rule.severity;
  // What stands for anything, or for a part of a name, is filled with something.
  const [source, name] = [filled(rule.source), filled(rule.name)];
  const {
    alert_ids: [alertId],
  } = await ask(
    api.POST("/api/v1/alerts", {
      body: { severity, source, name },
      params: { header: { "Idempotency-Key": newIdempotencyKey() } },
    }),
  );
  if (alertId === undefined) throw new Error("the platform took the alert and did not name it");
  return {
    alertId,
    clientId: rule.client_id,
    what: `${severity} ${source} ${name}, which ${rule.client_id} wants`,
  };
}

function filled(pattern: string): string {
  return pattern === "*" ? "demo" : pattern.replaceAll("*", "demo");
}
