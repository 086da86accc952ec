import type { Alert, AlertDetail, Explanation } from "@/api/types";
import { renderIn } from "@/testing/render";
import { TestPlatform } from "@/testing/TestPlatform";

import type { ExplainedRule } from "./findings";
import ExplainPage from "./index";

const AT = "2026-01-02T03:04:05.678Z";
export const ALERT: Alert = {
  alert_id: "order/4711",
  severity: "CRITICAL",
  source: "checkout",
  name: "payment-failed",
  context: { region: "eu" },
  annotations: {},
  event_ts: 1_767_323_045,
  client_id: null,
  received_at: AT,
  status: null,
  starts_at: null,
  ends_at: null,
  fingerprint: null,
};
export const DETAIL: AlertDetail = { ...ALERT, notifications: [], more_notifications: false, ended_by: null };
export const PATH = "/api/v1/alerts/order%2F4711";

/** What is answered to the sender of an alert; an event unless an outcome is given. */
export function accepted(alertId: string | null, outcome = "event") {
  return { accepted: 1, alert_ids: [alertId ?? ""], results: [{ alert_id: alertId, outcome }] };
}

export function rule(id: string, changes: Partial<ExplainedRule>): ExplainedRule {
  return {
    rule_id: id,
    severity: "CRITICAL",
    source: "checkout",
    name: "payment-failed",
    catches: "pattern",
    enabled: true,
    matched: false,
    findings: [],
    ...changes,
  };
}

export const MATCHED = rule("matched", {
  matched: true,
  name: "*",
  findings: [
    { reason: "matched", field: "", expected: "", actual: "", detail: "the rule matched by severity" },
  ],
});
function explanation(rules: ExplainedRule[]): Explanation {
  return {
    alert: ALERT,
    client_id: "acme",
    examined: rules.length,
    matched: rules.filter((each) => each.matched).length,
    rules,
  };
}

export function makePlatform(
  rules: ExplainedRule[],
  more: ConstructorParameters<typeof TestPlatform>[0] = {},
) {
  return new TestPlatform({
    "GET /api/v1/me": () => ({
      name: "root",
      key_id: "k",
      is_operator: true,
      client_id: null,
      scopes: ["admin"],
      allowed: [
        "admin",
        "alerts:write",
        "rules:read",
        "rules:write",
        "notifications:read",
        "notifications:resend",
      ],
    }),
    "GET /api/v1/alerts": () => ({ items: [ALERT], next_cursor: null }),
    [`GET ${PATH}`]: () => DETAIL,
    [`GET ${PATH}/explain`]: () => explanation(rules),
    "GET /api/v1/notifications": () => ({ items: [], next_cursor: null }),
    "GET /api/v1/endpoints": () => ({ items: [], next_cursor: null }),
    "GET /api/v1/clients": () => ({ items: [], next_cursor: null }),
    ...more,
  });
}

export function show(platform: TestPlatform, at: string) {
  return renderIn(<ExplainPage />, { platform, at, path: "/explain/*" });
}
