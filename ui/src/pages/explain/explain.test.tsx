import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";

import type { Alert, AlertDetail, Explanation } from "@/api/types";
import { renderIn } from "@/testing/render";
import { problem, TestPlatform } from "@/testing/TestPlatform";

import type { ExplainedRule } from "./findings";
import ExplainPage from "./index";

const AT = "2026-01-02T03:04:05.678Z";
const ALERT: Alert = {
  alert_id: "order/4711",
  severity: "CRITICAL",
  source: "checkout",
  name: "payment-failed",
  context: { region: "eu" },
  event_ts: 1_767_323_045,
  client_id: null,
  received_at: AT,
};
const DETAIL: AlertDetail = { ...ALERT, notifications: [], more_notifications: false };
const PATH = "/api/v1/alerts/order%2F4711";

function rule(id: string, changes: Partial<ExplainedRule>): ExplainedRule {
  return {
    rule_id: id,
    severity: "CRITICAL",
    source: "checkout",
    name: "payment-failed",
    enabled: true,
    matched: false,
    findings: [],
    ...changes,
  };
}

const MATCHED = rule("matched", {
  matched: true,
  name: "*",
  findings: [
    { reason: "matched", field: "", expected: "", actual: "", detail: "the rule matched by severity" },
  ],
});
const CASE_DIFFERS = rule("near", {
  source: "Checkout",
  findings: [
    {
      reason: "source-differs",
      field: "source",
      expected: "Checkout",
      actual: "checkout",
      detail:
        "the rule asks for the source 'Checkout', the alert has 'checkout': they differ in upper and lower case",
    },
  ],
});
const DISABLED = rule("disabled", {
  enabled: false,
  findings: [
    {
      reason: "disabled",
      field: "enabled",
      expected: "true",
      actual: "false",
      detail: "the rule is disabled",
    },
  ],
});
const FAR = rule("far", {
  severity: "LOW",
  name: "refund",
  findings: [
    {
      reason: "severity-differs",
      field: "severity",
      expected: "LOW",
      actual: "CRITICAL",
      detail: "it differs",
    },
    {
      reason: "name-differs",
      field: "name",
      expected: "refund",
      actual: "payment-failed",
      detail: "it differs",
    },
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

function makePlatform(rules: ExplainedRule[], more: ConstructorParameters<typeof TestPlatform>[0] = {}) {
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

function show(platform: TestPlatform, at: string) {
  return renderIn(<ExplainPage />, { platform, at, path: "/explain/*" });
}

test("near misses come before rules that are far off, and each says which field differs", async () => {
  show(makePlatform([MATCHED, FAR, CASE_DIFFERS, DISABLED]), "/explain?alert=order%2F4711&client=acme");
  const near = await screen.findByRole("region", { name: "Near misses" });
  const [first, second] = within(near).getAllByRole("listitem") as [HTMLElement, HTMLElement];
  expect(first).toHaveAccessibleName("Source differs");
  expect(second).toHaveAccessibleName("Would match, but is disabled");
  const row = within(first).getByRole("row", { name: /^Source/ });
  expect(
    within(row)
      .getAllByRole("cell")
      .map((cell) => cell.textContent),
  ).toEqual(["Checkout", "checkoutThey differ in upper and lower case.", "differs"]);
  const far = screen.getByRole("region", { name: "Other rules" });
  expect(within(far).getByRole("listitem")).toHaveAccessibleName("Severity and name differ");
  expect(near.compareDocumentPosition(far)).toBe(Node.DOCUMENT_POSITION_FOLLOWING);
});

test("a rule that matches and has no endpoint says so", async () => {
  show(makePlatform([MATCHED]), "/explain?alert=order%2F4711&client=acme");
  const matched = await screen.findByRole("region", { name: "Rules that match" });
  expect(await within(matched).findByText(/The rule has no endpoint/)).toBeInTheDocument();
});

test("a client whose rules do not match reads what the nearest of them lacks", async () => {
  show(makePlatform([CASE_DIFFERS, FAR]), "/explain?alert=order%2F4711&client=acme");
  const outcome = await screen.findByRole("region", { name: "What became of it" });
  expect(outcome).toHaveTextContent("It did not notify acme");
  expect(outcome).toHaveTextContent("None of its 2 rules matches. The nearest: source differs.");
});

test("filters of the list of alerts are in the address, and an alert with slashes in its id can be chosen", async () => {
  const platform = makePlatform([]);
  const { router } = show(platform, "/explain?severity=CRITICAL&source=checkout&client=acme");
  const link = await screen.findByRole("link", { name: /payment-failed/ });
  const asked = platform.asked.find(({ url }) => url.pathname === "/api/v1/alerts");
  expect(Object.fromEntries(asked?.url.searchParams ?? [])).toEqual({
    severity: "CRITICAL",
    source: "checkout",
  });
  await userEvent.setup().click(link);
  expect(router.state.location.search).toBe("?alert=order%2F4711&client=acme");
  expect(await screen.findByRole("heading", { name: "Explain payment-failed" })).toBeInTheDocument();
});

test("an alert that is sent is followed: it is recorded a moment after it was taken in", async () => {
  let isRecorded = false;
  const platform = makePlatform([MATCHED], {
    "POST /api/v1/alerts": () => Response.json({ accepted: 1, alert_ids: [ALERT.alert_id] }, { status: 202 }),
    [`GET ${PATH}`]: () => (isRecorded ? DETAIL : problem(404, "not-found", "there is no such alert")),
  });
  const { router } = show(platform, "/explain/send?severity=LOW");
  const person = userEvent.setup();
  await person.type(await screen.findByLabelText(/^Source/), "checkout");
  await person.type(screen.getByLabelText(/^Name/), "payment-failed");
  await person.click(screen.getByRole("button", { name: "Add a label" }));
  await person.type(screen.getByLabelText("Label 1"), "region");
  await person.type(screen.getByLabelText("Value 1"), "eu");
  await person.click(screen.getByRole("button", { name: "Send alert" }));
  await waitFor(() => expect(router.state.location.search).toBe("?alert=order%2F4711"));
  expect(platform.asked.find(({ method }) => method === "POST")?.body).toEqual({
    severity: "LOW",
    source: "checkout",
    name: "payment-failed",
    context: { region: "eu" },
  });
  await screen.findByRole("status", { name: "The alert was taken in and is being recorded" });
  isRecorded = true;
  expect(await screen.findByRole("heading", { name: "Explain payment-failed" })).toBeInTheDocument();
});

test("what the platform objects to is said at its field", async () => {
  const platform = makePlatform([], {
    "POST /api/v1/alerts": () =>
      problem(422, "invalid-input", "the alert cannot be used", {
        problems: [{ path: "name", code: "too-long", detail: "at most 255 characters" }],
      }),
  });
  show(platform, "/explain/send?source=api&name=long");
  await userEvent.setup().click(await screen.findByRole("button", { name: "Send alert" }));
  await waitFor(() => expect(screen.getByLabelText(/^Name/)).toBeInvalid());
});
