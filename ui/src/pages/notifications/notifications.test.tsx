import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";

import type { Attempt, NotificationDetail, Reason } from "@/api/types";
import { problem, type TestPlatform } from "@/testing/TestPlatform";

import { AT, delivery, notification } from "./test-notification";
import { detailed, lastQuery, listed, me, show } from "./test-page";
import { roundsOf } from "./timeline/attempts";

function attempt(number: number, reason: Reason, changes: Partial<Attempt> = {}): Attempt {
  return {
    attempt_id: `attempt-${number}-${reason}`,
    number,
    reason,
    status_code: null,
    response: "",
    detail: "",
    started_at: AT,
    latency_ms: 42,
    ...changes,
  };
}

test("filters in the address narrow the list, and values that do not exist are none", async () => {
  const platform = listed(() => [notification(1)]);
  show(
    platform,
    "/notifications?status=FAILED&severity=NONE&source=api&alert_id=a%2F1&client=acme&since=nonsense",
  );
  await screen.findByRole("link", { name: /payment-failed-1/ });
  expect(lastQuery(platform)).toEqual({
    status: "FAILED",
    source: "api",
    alert_id: "a/1",
    client_id: "acme",
  });
  expect(screen.getByLabelText("Source")).toHaveValue("api");
});

const RULE = {
  rule_id: "rule-1",
  client_id: "acme",
  severity: "HIGH",
  source: "api",
  name: "timeout",
  enabled: true,
  version: 1,
  created_at: AT,
  updated_at: AT,
};

test("a link to one rule's notifications says which rule, and the filter can be taken back", async () => {
  const platform = listed(() => [notification(1)]);
  platform.routes["GET /api/v1/rules/rule-1"] = () => RULE;
  const { router } = show(platform, "/notifications?rule_id=rule-1&client=acme&status=SENT");
  await screen.findByRole("link", { name: /payment-failed-1/ });
  expect(lastQuery(platform)).toEqual({ rule_id: "rule-1", client_id: "acme", status: "SENT" });
  const of = screen.getByRole("group", { name: "Rule" });
  const link = await within(of).findByRole("link", { name: "High, timeout from api" });
  expect(link).toHaveAttribute("href", "/rules/rule-1");
  const person = userEvent.setup();
  await person.click(within(of).getByRole("button", { name: "Show the notifications of all rules" }));
  expect(router.state.location.search).toBe("?client=acme&status=SENT");
  expect(screen.queryByRole("group", { name: "Rule" })).toBeNull();
  await waitFor(() => expect(lastQuery(platform)).toEqual({ client_id: "acme", status: "SENT" }));
});

test("a deleted rule's notifications are listed under its id, and all filters are cleared at once", async () => {
  const platform = listed(() => [notification(1)]);
  platform.routes["GET /api/v1/rules/*"] = () => problem(404, "not-found", "there is no such rule");
  const { router } = show(platform, "/notifications?rule_id=rule-9");
  const of = await screen.findByRole("group", { name: "Rule" });
  expect(await within(of).findByText("(deleted since)")).toBeInTheDocument();
  expect(of).toHaveTextContent("rule-9");
  await userEvent.setup().click(screen.getByRole("button", { name: "Clear filters" }));
  expect(router.state.location.search).toBe("");
});

test("where none is among those that a page looked at, one can look further back", async () => {
  const platform = listed(() => []);
  platform.routes["GET /api/v1/notifications"] = (_, url) =>
    url.searchParams.get("cursor") === "older"
      ? { items: [notification(1)], next_cursor: null }
      : { items: [], next_cursor: "older" };
  platform.routes["GET /api/v1/rules/*"] = () => RULE;
  show(platform, "/notifications?rule_id=rule-1");
  await userEvent.setup().click(await screen.findByRole("button", { name: "Look further back" }));
  expect(await screen.findByRole("link", { name: /payment-failed-1/ })).toBeInTheDocument();
});

test("a range that ends now is asked for as a moment", async () => {
  const platform = listed(() => [notification(1)]);
  show(platform, "/notifications?range=1h");
  await screen.findByRole("link", { name: /payment-failed-1/ });
  const since = Date.parse(lastQuery(platform).since ?? "");
  expect(Math.abs(Date.now() - 3_600_000 - since)).toBeLessThan(600_000);
});

test("a filter that is set goes into the address, and clearing takes it out but keeps the client", async () => {
  const platform = listed(() => [notification(1)]);
  const { router } = show(platform, "/notifications?client=acme");
  const person = userEvent.setup();
  await person.type(await screen.findByLabelText("Name"), "timeout");
  await waitFor(() => expect(router.state.location.search).toBe("?client=acme&name=timeout"));
  await waitFor(() => expect(lastQuery(platform).name).toBe("timeout"));
  await person.click(screen.getByRole("button", { name: "Clear filters" }));
  expect(router.state.location.search).toBe("?client=acme");
});

test("what is new waits behind a button while somebody is at the list", async () => {
  let items = [notification(1)];
  show(listed(() => items));
  const link = await screen.findByRole("link", { name: /payment-failed-1/ });
  link.focus();
  items = [notification(2), notification(1, { status: "FAILED" })];
  const button = await screen.findByRole("button", { name: "Show 1 new" }, { timeout: 20_000 });
  expect(screen.queryByRole("link", { name: /payment-failed-2/ })).toBeNull();
  const table = screen.getByRole("table", { name: "Notifications" });
  expect(within(table).getByText("Failed")).toBeInTheDocument();
  await userEvent.setup().click(button);
  expect(await screen.findByRole("link", { name: /payment-failed-2/ })).toBeInTheDocument();
  expect(screen.queryByRole("button", { name: /^Show 1 new/ })).toBeNull();
});

function showDetail(platform: TestPlatform) {
  return show(platform, `/notifications/${notification(1).notification_id}`);
}

test("the timeline says each outcome in words, failures first", async () => {
  const soon = new Date(Date.now() + 3_600_000 * 4.5).toISOString();
  const detail: NotificationDetail = {
    ...notification(1, { status: "PARTIAL" }),
    deliveries: [
      delivery("https://good.example/", {
        attempts: [attempt(1, "delivered", { status_code: 200, response: "ok" })],
      }),
      delivery("https://later.example/", {
        status: "RETRYING",
        reason: "http-server-error",
        next_attempt_at: soon,
        attempts: [
          attempt(1, "interrupted"),
          attempt(1, "http-server-error", { status_code: 503, response: "<b>busy</b>\u202e" }),
        ],
      }),
      delivery("https://dead.example/", {
        status: "DEAD",
        reason: "gone",
        attempts: [attempt(1, "gone", { status_code: 410 })],
      }),
      delivery("a@example.com", {
        type: "email",
        status: "SKIPPED",
        reason: "placeholder-domain",
        attempt_count: 0,
      }),
    ],
  };
  showDetail(detailed(detail));
  const deliveries = await screen.findByRole("list", { name: "Deliveries" });
  const cards = within(deliveries).getAllByRole("listitem", { name: /example/ });
  const names = cards.map((card) => /(dead|later|good|a)[.@]example/.exec(card.textContent)?.[1]);
  expect(names).toEqual(["dead", "later", "a", "good"]);
  const [dead, later, skipped, good] = cards as [HTMLElement, HTMLElement, HTMLElement, HTMLElement];
  expect(dead).toHaveTextContent("Given up after 1 attempt");
  expect(dead).toHaveTextContent("Status 410");
  expect(later).toHaveTextContent("Next attempt in 4 hr");
  expect(later).toHaveTextContent("The sender ended before it heard an answer; the message may have arrived");
  expect(within(later).getByText(String.raw`<b>busy</b>\u202e`)).toBeInTheDocument();
  expect(skipped).toHaveTextContent("Nothing was sent. The domain is reserved for examples");
  await userEvent.setup().click(within(good).getByRole("button", { name: "1 attempt" }));
  expect(good).toHaveTextContent("Status 200");
  expect(await screen.findByText("Deleted since")).toBeInTheDocument();
  expect(screen.getByRole("heading", { name: "Partly sent" })).toBeInTheDocument();
});

test.each([
  [true, "Private to acme", "/explain?alert=alert-1&owner=acme&client=acme"],
  [false, "Shared", "/explain?alert=alert-1&owner=&client=acme"],
])(
  "a notification says whose its alert is, and leads to that one (private: %s)",
  async (isPrivate, owner, to) => {
    showDetail(detailed({ ...notification(1, { private: isPrivate }), deliveries: [] }));
    expect(await screen.findByText(owner)).toBeVisible();
    expect(screen.getByRole("link", { name: "Explain" })).toHaveAttribute("href", to);
  },
);

test("attempts that met a busy receiver stay in their round", () => {
  const attempts = [attempt(1, "rate-limited"), attempt(1, "rate-limited"), attempt(1, "http-server-error")];
  expect(roundsOf([...attempts, attempt(2, "delivered")]).map((round) => round.length)).toEqual([4]);
});

test("an interrupted attempt stays in its round, and sending again begins another", () => {
  const attempts = [
    attempt(1, "interrupted"),
    attempt(1, "timed-out"),
    attempt(2, "gone"),
    attempt(1, "delivered"),
  ];
  expect(roundsOf(attempts).map((round) => round.length)).toEqual([3, 1]);
});

test("it is sent again after a confirmation", async () => {
  const sent = notification(1);
  const platform = detailed(
    { ...sent, deliveries: [] },
    { "POST /api/v1/notifications/*/resend": () => Response.json(sent, { status: 202 }) },
  );
  showDetail(platform);
  const person = userEvent.setup();
  await person.click(await screen.findByRole("button", { name: "Send again" }));
  expect(platform.asked.some(({ method }) => method === "POST")).toBe(false);
  await person.click(await screen.findByRole("button", { name: "Send to every target" }));
  expect(await screen.findByText("The notification is sent again")).toBeInTheDocument();
  expect(platform.asked.find(({ method }) => method === "POST")?.url.pathname).toBe(
    `/api/v1/notifications/${sent.notification_id}/resend`,
  );
});

test("a key without the scope is not offered to send again", async () => {
  const platform = detailed(
    { ...notification(1), deliveries: [] },
    { "GET /api/v1/me": me(["notifications:read", "rules:read"]) },
  );
  showDetail(platform);
  await screen.findByRole("heading", { name: "Sent" });
  await screen.findByText("Deleted since");
  expect(screen.queryByRole("button", { name: "Send again" })).toBeNull();
});
