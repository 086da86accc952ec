import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import type { Endpoint, Rule } from "@/api/types";
import { problem, TestPlatform } from "@/testing/TestPlatform";
import { renderIn } from "@/testing/render";

import { ALL_ANY, EMPTY_DRAFT, isComplete, ruleTitle, textWarning } from "./draft";
import RulesPage from ".";

const RULE: Rule = {
  ...EMPTY_DRAFT,
  rule_id: "rule-1",
  client_id: "acme",
  severity: "CRITICAL",
  source: "api",
  name: "timeout",
  description: "Wakes whoever is on call.\nSee the runbook.",
  warnings: [],
  version: 3,
  created_at: "2026-01-02T03:04:05.678Z",
  updated_at: "2026-01-02T03:04:05.678Z",
};
const WEBHOOK: Endpoint = {
  endpoint_id: "endpoint-1",
  rule_id: "rule-1",
  client_id: "acme",
  type: "webhook",
  value: "https://example.com/hook",
  headers: { Authorization: "Bearer x" },
  format: "alertmanager",
  enabled: true,
  send_resolved: false,
  description: "The night shift.",
  disabled_reason: null,
  version: 1,
  created_at: "2026-01-02T03:04:05.678Z",
  updated_at: "2026-01-02T03:04:05.678Z",
};
const OPERATOR = {
  key_id: "k",
  name: "ops",
  is_operator: true,
  client_id: null,
  allowed: ["rules:read", "rules:write", "notifications:read", "admin"],
};
const listed = (...items: unknown[]) => ({ items, next_cursor: null });

function makePlatform(routes: TestPlatform["routes"] = {}): TestPlatform {
  return new TestPlatform({
    "GET /api/v1/me": () => OPERATOR,
    "GET /api/v1/rules": () => listed(RULE),
    "GET /api/v1/rules/rule-1": () => RULE,
    "GET /api/v1/rules/*/endpoints": () => listed(),
    "GET /api/v1/alerts": () => listed(),
    "GET /api/v1/notifications": () => listed(),
    "POST /api/v1/rules/preview": () => ({ examined: 5000, matched: 0, items: [], warnings: [] }),
    ...routes,
  });
}

function open(at: string, platform: TestPlatform) {
  return { user: userEvent.setup(), ...renderIn(<RulesPage />, { platform, at, path: "/rules/*" }) };
}

const sent = (platform: TestPlatform, method: string, path: string) =>
  platform.asked.filter((request) => request.method === method && request.url.pathname === path);

async function write(user: ReturnType<typeof userEvent.setup>, label: string, text: string) {
  const field = await screen.findByRole("combobox", { name: new RegExp(`^${label}`) });
  await user.clear(field);
  await user.type(field, text);
}

describe("a draft", () => {
  it("is refused when all three are any, and says why", async () => {
    const platform = makePlatform();
    const { user } = open("/rules/new?client=acme&source=*", platform);
    await write(user, "Name", "*");
    expect(await screen.findByRole("alert")).toHaveTextContent(ALL_ANY);
    expect(screen.getByRole("button", { name: "Create rule" })).toBeDisabled();
    expect(isComplete({ severity: "*", source: "*", name: "*" })).toBe(false);
  });

  it("is previewed as it is written", async () => {
    const platform = makePlatform({
      "POST /api/v1/rules/preview": () => ({ examined: 5000, matched: 1234, items: [], warnings: [] }),
    });
    const { user } = open("/rules/new?client=acme&source=api", platform);
    await write(user, "Name", "timeout");
    expect(await screen.findByText("1,234")).toBeVisible();
    expect(sent(platform, "POST", "/api/v1/rules/preview").at(-1)?.body).toEqual({
      severity: "*",
      source: "api",
      name: "timeout",
      catches: "pattern",
    });
  });

  it("is warned of as soon as it looks like a pattern", async () => {
    const warning = {
      path: "name",
      code: "looks-like-pattern",
      detail: "is no pattern: write the whole name",
    };
    const platform = makePlatform({
      "POST /api/v1/rules/preview": () => ({ examined: 0, matched: 0, items: [], warnings: [warning] }),
    });
    const { user } = open("/rules/new?client=acme&source=api", platform);
    await write(user, "Name", "^Kube");
    const note = await screen.findByRole("alert");
    expect(note).toHaveTextContent("The name looks like a pattern");
    expect(note).toHaveTextContent("It is no pattern: write the whole name.");
    expect(screen.getByRole("button", { name: "Create rule" })).toBeEnabled();
  });

  it("is warned of what is allowed and perhaps not meant", () => {
    expect(textWarning("API", ["api"])).toContain("“api”");
    expect(textWarning("api ", ["api"])).toContain("blank");
    expect(textWarning("api", ["api"])).toBeNull();
    expect(textWarning("*", [])).toBeNull();
  });

  it("is told in words, whatever is in it", () => {
    expect(ruleTitle({ severity: "*", source: "*", name: "a\u202Eb" })).toBe(
      "Any severity, a\\u202eb from any source",
    );
  });

  it("is titled by what people call it, where they do", async () => {
    const named = { ...RULE, name_shown: "Night\u202E shift" };
    expect(ruleTitle(named)).toBe("Night\\u202e shift");
    const platform = makePlatform({ "GET /api/v1/rules/rule-1": () => named });
    open("/rules/rule-1", platform);
    expect(await screen.findByRole("heading", { level: 1, name: "Night\\u202e shift" })).toBeVisible();
  });

  it("keeps what a copied rule is called, and sends what is written over it", async () => {
    const platform = makePlatform({
      "GET /api/v1/rules/rule-1": () => ({ ...RULE, name_shown: "Night shift" }),
      "POST /api/v1/rules": () => ({ ...RULE, rule_id: "rule-2" }),
    });
    const { user } = open("/rules/new?from=rule-1", platform);
    const called = await screen.findByRole("textbox", { name: "Shown as" });
    expect(called).toHaveValue("Night shift");
    await user.type(called, "!");
    await user.click(screen.getByRole("button", { name: "Create rule" }));
    await expect
      .poll(() => sent(platform, "POST", "/api/v1/rules")[0]?.body)
      .toMatchObject({
        name_shown: "Night shift!",
        description: RULE.description,
      });
  });

  it("that the client has already leads to the existing rule", async () => {
    const platform = makePlatform({
      "POST /api/v1/rules": () => problem(409, "conflict", "the client has this rule already"),
    });
    const { user } = open("/rules/new?client=acme&severity=CRITICAL&source=api&name=timeout", platform);
    await user.click(await screen.findByRole("button", { name: "Create rule" }));
    expect(await screen.findByRole("link", { name: "Open the existing rule" })).toHaveAttribute(
      "href",
      "/rules/rule-1",
    );
  });
});

describe("a rule that somebody else has changed", () => {
  const theirs: Rule = { ...RULE, name: "theirs", version: 4 };

  /** The platform has version 4 as soon as a change to version 3 was refused. */
  function conflicting() {
    let isChanged = false;
    return makePlatform({
      "GET /api/v1/rules/rule-1": () => (isChanged ? theirs : RULE),
      "PUT /api/v1/rules/rule-1": (request) => {
        if (request.headers.get("If-Match") === '"4"') return { ...theirs, name: "mine", version: 5 };
        isChanged = true;
        return problem(412, "version-conflict", "the rule was changed meanwhile", {
          headers: { ETag: '"4"' },
        });
      },
    });
  }

  it("is compared field by field, and can be overwritten", async () => {
    const platform = conflicting();
    const { user, router } = open("/rules/rule-1/edit", platform);
    await write(user, "Name", "mine");
    await user.click(screen.getByRole("button", { name: "Save rule" }));
    const row = await screen.findByRole("row", { name: /^Name/ });
    expect(within(row).getByText("timeout")).toBeInTheDocument();
    expect(within(row).getByText("theirs")).toBeInTheDocument();
    expect(within(row).getByText("mine")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Save mine over it" }));
    expect(await screen.findByText("The rule is saved")).toBeInTheDocument();
    expect(
      sent(platform, "PUT", "/api/v1/rules/rule-1").map(({ headers }) => headers.get("If-Match")),
    ).toEqual(['"3"', '"4"']);
    expect(router.state.location.pathname).toBe("/rules/rule-1");
  });

  it("is shown anew when theirs is taken, and nothing is saved", async () => {
    const platform = conflicting();
    const { user } = open("/rules/rule-1/edit", platform);
    await write(user, "Name", "mine");
    await user.click(screen.getByRole("button", { name: "Save rule" }));
    await user.click(await screen.findByRole("button", { name: "Take theirs" }));
    expect(await screen.findByDisplayValue("theirs")).toBeInTheDocument();
    expect(sent(platform, "PUT", "/api/v1/rules/rule-1")).toHaveLength(1);
  });
});

describe("a rule's page", () => {
  it("shows what the rule has led to lately, and links to all of it", async () => {
    const told = {
      notification_id: "n-1",
      client_id: "acme",
      alert_id: "a-1",
      severity: "CRITICAL",
      source: "api",
      name: "timeout",
      context: {},
      rule_ids: ["rule-1"],
      event_ts: 1_767_323_045,
      status: "SENT",
      created_at: "2026-01-02T03:04:05.678Z",
      updated_at: "2026-01-02T03:04:05.678Z",
    };
    const platform = makePlatform({ "GET /api/v1/notifications": () => listed(told) });
    open("/rules/rule-1", platform);
    const latest = await screen.findByRole("list", { name: "Latest notifications of this rule" });
    expect(within(latest).getByRole("link", { name: "timeout" })).toHaveAttribute(
      "href",
      "/notifications/n-1",
    );
    const asked = platform.asked.find(({ url }) => url.pathname === "/api/v1/notifications");
    expect(Object.fromEntries(asked?.url.searchParams ?? [])).toMatchObject({
      rule_id: "rule-1",
      client_id: "acme",
    });
    expect(screen.getByRole("link", { name: "All of this rule" })).toHaveAttribute(
      "href",
      "/notifications?rule_id=rule-1&client=acme",
    );
  });
});

describe("undo", () => {
  it("enables a rule again that was disabled, at the version that this made", async () => {
    let stored = RULE;
    const platform = makePlatform({
      "GET /api/v1/rules": () => listed(stored),
      "PATCH /api/v1/rules/rule-1": async (request) => {
        const { enabled } = (await request.json()) as { enabled: boolean };
        stored = { ...stored, enabled, version: stored.version + 1 };
        return stored;
      },
    });
    const { user } = open("/rules", platform);
    await user.click(await screen.findByRole("switch", { name: /^Enabled: Critical, timeout/ }));
    await user.click(await screen.findByRole("button", { name: "Undo" }));
    expect(await screen.findByText("Taken back")).toBeInTheDocument();
    const changes = sent(platform, "PATCH", "/api/v1/rules/rule-1");
    expect(changes.map(({ headers, body }) => [headers.get("If-Match"), body])).toEqual([
      ['"3"', { enabled: false }],
      ['"4"', { enabled: true }],
    ]);
  });

  it("creates a deleted rule and its endpoints again, and shows the new secrets", async () => {
    const platform = makePlatform({
      "GET /api/v1/rules/*/endpoints": () => listed(WEBHOOK),
      "DELETE /api/v1/rules/rule-1": () => null,
      "POST /api/v1/rules": () => ({ ...RULE, rule_id: "rule-2", version: 1 }),
      "POST /api/v1/rules/rule-2/endpoints": () => ({ ...WEBHOOK, rule_id: "rule-2", secret: "whsec_new" }),
    });
    const { user } = open("/rules", platform);
    await user.click(await screen.findByRole("button", { name: /^Actions: Critical, timeout/ }));
    await user.click(await screen.findByRole("menuitem", { name: "Delete" }));
    await user.click(await screen.findByRole("button", { name: "Undo" }));
    expect(await screen.findByText("whsec_new")).toBeInTheDocument();
    expect(sent(platform, "POST", "/api/v1/rules")[0]?.body).toEqual({
      client_id: "acme",
      severity: "CRITICAL",
      source: "api",
      name: "timeout",
      enabled: true,
      description: RULE.description,
      name_shown: "",
      catches: "pattern",
    });
    expect(sent(platform, "POST", "/api/v1/rules/rule-2/endpoints")[0]?.body).toEqual({
      type: "webhook",
      value: WEBHOOK.value,
      headers: WEBHOOK.headers,
      format: "alertmanager",
      enabled: true,
      send_resolved: false,
      description: WEBHOOK.description,
    });
  });
});

describe("the list", () => {
  it("asks for what the address says, and keeps what is searched for in it", async () => {
    const platform = makePlatform();
    const { user, router } = open("/rules?client=acme&severity=CRITICAL&enabled=false", platform);
    await user.type(await screen.findByRole("searchbox", { name: "Search" }), "time");
    await screen.findByRole("table", { name: "Rules" });
    await expect.poll(() => router.state.location.search, { timeout: 30_000 }).toContain("text=time");
    await expect
      .poll(() => sent(platform, "GET", "/api/v1/rules").at(-1)?.url.search, { timeout: 30_000 })
      .toBe("?client_id=acme&severity=CRITICAL&enabled=false&text=time");
  });

  it("offers no change to a key that may only read", async () => {
    const platform = makePlatform({ "GET /api/v1/me": () => ({ ...OPERATOR, allowed: ["rules:read"] }) });
    open("/rules", platform);
    expect(await screen.findByRole("link", { name: "Critical, timeout from api" })).toBeInTheDocument();
    expect(screen.queryByRole("switch")).toBeNull();
    expect(screen.queryByRole("link", { name: "New rule" })).toBeNull();
  });
});

const CATCH_ALL: Rule = { ...RULE, severity: "*", source: "*", name: "*", catches: "unmatched" };
const CLIENT = { ...OPERATOR, is_operator: false, client_id: "acme" };

describe("a rule that catches more than a pattern", () => {
  it("is written by an operator, who is told what it costs and reveals", async () => {
    const platform = makePlatform({ "POST /api/v1/rules": () => CATCH_ALL });
    const { user } = open("/rules/new?client=acme&source=api", platform);
    await user.click(await screen.findByRole("radio", { name: "What is unmatched" }));
    expect(screen.queryByRole("combobox", { name: "Source" })).toBeNull();
    expect(screen.getByText(/at most 5 such rules/)).toBeInTheDocument();
    expect(screen.getByText(/no other client's rule met the alert/)).toBeInTheDocument();
    await expect
      .poll(() => sent(platform, "POST", "/api/v1/rules/preview").at(-1)?.body, { timeout: 30_000 })
      .toMatchObject({ catches: "unmatched" });
    await user.click(screen.getByRole("button", { name: "Create rule" }));
    await expect
      .poll(() => sent(platform, "POST", "/api/v1/rules")[0]?.body)
      .toMatchObject({
        client_id: "acme",
        severity: "*",
        source: "*",
        name: "*",
        catches: "unmatched",
      });
  });

  it("is not offered to a client, who sees that of an operator and changes nothing of it", async () => {
    const platform = makePlatform({
      "GET /api/v1/me": () => CLIENT,
      "GET /api/v1/rules": () => listed(CATCH_ALL),
      "GET /api/v1/rules/rule-1": () => CATCH_ALL,
    });
    const { unmount } = open("/rules/new", platform);
    await screen.findByRole("combobox", { name: "Source" });
    expect(screen.queryByRole("radio", { name: "Everything" })).toBeNull();
    unmount();
    open("/rules/rule-1", platform);
    expect(await screen.findByRole("heading", { name: "What is unmatched" })).toBeInTheDocument();
    expect(screen.getByText(/shown to operators/)).toBeInTheDocument();
    expect(screen.queryByRole("switch")).toBeNull();
    expect(screen.queryByRole("link", { name: "Edit" })).toBeNull();
    expect(sent(platform, "POST", "/api/v1/rules/preview")).toEqual([]);
  });
});
