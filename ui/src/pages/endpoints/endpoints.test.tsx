import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import type { Endpoint, Rule } from "@/api/types";
import { EMPTY_DRAFT as EMPTY_RULE } from "@/pages/rules/draft";
import { problem, TestPlatform } from "@/testing/TestPlatform";
import { renderIn } from "@/testing/render";

import { addressesProblem, headerProblem, secretProblem, urlProblem } from "./problems";
import EndpointsPage from ".";

const AT = "2026-01-02T03:04:05.678Z";
const WEBHOOK: Endpoint = {
  endpoint_id: "endpoint-1",
  rule_id: "rule-1",
  client_id: "acme",
  type: "webhook",
  value: "https://example.com/hook",
  headers: {},
  format: "platform",
  enabled: true,
  send_resolved: true,
  description: "",
  disabled_reason: null,
  version: 1,
  created_at: AT,
  updated_at: AT,
};
const RULE: Rule = {
  ...EMPTY_RULE,
  rule_id: "rule-1",
  client_id: "acme",
  source: "api",
  name: "*",
  warnings: [],
  version: 1,
  created_at: AT,
  updated_at: AT,
};
const ME = {
  key_id: "k",
  name: "acme",
  is_operator: false,
  client_id: "acme",
  allowed: ["rules:read", "rules:write", "notifications:read"],
};

function makePlatform(routes: TestPlatform["routes"] = {}): TestPlatform {
  return new TestPlatform({
    "GET /api/v1/me": () => ME,
    "GET /api/v1/rules/rule-1": () => RULE,
    "GET /api/v1/endpoints": () => ({ items: [WEBHOOK], next_cursor: null }),
    "GET /api/v1/endpoints/endpoint-1": () => WEBHOOK,
    ...routes,
  });
}

function open(at: string, platform: TestPlatform) {
  return { user: userEvent.setup(), ...renderIn(<EndpointsPage />, { platform, at, path: "/endpoints/*" }) };
}

const posted = (platform: TestPlatform, path: string) =>
  platform.asked.filter(({ method, url }) => method === "POST" && url.pathname === path);

describe("the form", () => {
  it("names what is wrong with each field", () => {
    expect(addressesProblem(["ops@example.com", "nobody"])).toContain("nobody");
    expect(addressesProblem([])).not.toBeNull();
    expect(urlProblem("ftp://example.com")).toContain("https://");
    expect(urlProblem("https://example.com/hook")).toBeNull();
    const header = { key: 0, name: "X-Team", value: "a" };
    expect(headerProblem(header, [header])).toBeNull();
    expect(headerProblem(header, [header, { ...header, key: 1, name: "x-team" }])).toContain("twice");
    expect(headerProblem({ ...header, name: "webhook-id" }, [])).toContain("signature");
    expect(secretProblem("whsec_c2hvcnQ=")).not.toBeNull();
    expect(secretProblem(`whsec_${btoa("x".repeat(32))}`)).toBeNull();
  });

  it("sends several addresses as one endpoint", async () => {
    const platform = makePlatform({
      "POST /api/v1/rules/rule-1/endpoints": () => ({ ...WEBHOOK, type: "email", secret: null }),
    });
    const { user } = open("/endpoints/new?rule=rule-1", platform);
    await user.click(await screen.findByRole("radio", { name: "E-mail" }));
    await user.type(
      screen.getByRole("combobox", { name: /^Addresses/ }),
      "a@example.com, b@example.com{Enter}",
    );
    await user.click(screen.getByRole("button", { name: "Create endpoint" }));
    expect(await screen.findByText("The endpoint is created")).toBeInTheDocument();
    expect(posted(platform, "/api/v1/rules/rule-1/endpoints")[0]?.body).toEqual({
      type: "email",
      value: "a@example.com, b@example.com",
      enabled: true,
      send_resolved: true,
      description: "",
    });
  });

  it("can leave out the ends of alerts", async () => {
    const platform = makePlatform({
      "POST /api/v1/rules/rule-1/endpoints": () => ({ ...WEBHOOK, send_resolved: false, secret: null }),
    });
    const { user } = open("/endpoints/new?rule=rule-1", platform);
    await user.type(await screen.findByRole("textbox", { name: /^URL/ }), WEBHOOK.value);
    const tell = screen.getByRole("checkbox", { name: "Tell when alerts are resolved" });
    expect(tell).toBeChecked();
    expect(tell).toHaveAccessibleDescription(/it is told that it is over, too/);
    await user.click(tell);
    await user.click(screen.getByRole("button", { name: "Create endpoint" }));
    expect(await screen.findByText("The endpoint is created")).toBeInTheDocument();
    expect(posted(platform, "/api/v1/rules/rule-1/endpoints")[0]?.body).toMatchObject({
      send_resolved: false,
    });
  });

  it("can have a webhook sent what an Alertmanager sends", async () => {
    const platform = makePlatform({
      "POST /api/v1/rules/rule-1/endpoints": () => ({ ...WEBHOOK, format: "alertmanager", secret: null }),
    });
    const { user } = open("/endpoints/new?rule=rule-1", platform);
    await user.type(await screen.findByRole("textbox", { name: /^URL/ }), WEBHOOK.value);
    expect(screen.getByRole("radio", { name: "Platform" })).toBeChecked();
    await user.click(screen.getByRole("radio", { name: "Alertmanager" }));
    expect(screen.getByText(/to its webhook receivers/)).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Create endpoint" }));
    expect(await screen.findByText("The endpoint is created")).toBeInTheDocument();
    const sent = posted(platform, "/api/v1/rules/rule-1/endpoints")[0];
    expect(sent?.body).toMatchObject({ format: "alertmanager" });
  });

  it("sends nothing while a field is wrong, and leads to it", async () => {
    const platform = makePlatform();
    const { user } = open("/endpoints/new?rule=rule-1", platform);
    const url = await screen.findByRole("textbox", { name: /^URL/ });
    await user.type(url, "nonsense");
    await user.click(screen.getByRole("button", { name: "Create endpoint" }));
    expect(await screen.findByText("Must begin with https:// or http://")).toBeInTheDocument();
    expect(url).toHaveFocus();
    expect(posted(platform, "/api/v1/rules/rule-1/endpoints")).toHaveLength(0);
  });

  it("shows what the platform found wrong at its field", async () => {
    const detail = "must name a host";
    const platform = makePlatform({
      "POST /api/v1/rules/rule-1/endpoints": () =>
        problem(422, "invalid-input", "the endpoint is not right", {
          problems: [{ path: "value", code: "invalid-url", detail }],
        }),
    });
    const { user } = open("/endpoints/new?rule=rule-1", platform);
    const url = await screen.findByRole("textbox", { name: /^URL/ });
    await user.type(url, "https://example.com");
    await user.click(screen.getByRole("button", { name: "Create endpoint" }));
    await screen.findByRole("alert");
    expect(url).toHaveAccessibleDescription(expect.stringContaining(detail));
  });
});

describe("the switch for the ends of alerts", () => {
  it("is thrown on the page of the endpoint, and can be taken back", async () => {
    let stored = WEBHOOK;
    const platform = makePlatform({
      "GET /api/v1/endpoints/endpoint-1": () => stored,
      "PATCH /api/v1/endpoints/endpoint-1": async (request) => {
        const body = (await request.json()) as Partial<Endpoint>;
        stored = { ...stored, ...body, version: stored.version + 1 };
        return stored;
      },
    });
    const { user } = open("/endpoints/endpoint-1", platform);
    const told = await screen.findByRole("switch", { name: /^Resolved alerts: Webhook/ });
    expect(told).toBeChecked();
    await user.click(told);
    expect(await screen.findByText("The endpoint is no longer told when alerts are resolved")).toBeVisible();
    expect(stored).toMatchObject({ send_resolved: false, enabled: true, version: 2 });
    await user.click(screen.getByRole("button", { name: "Undo" }));
    expect(
      await screen.findByRole("switch", { name: /^Resolved alerts/, checked: true }),
    ).toBeInTheDocument();
    expect(stored).toMatchObject({ send_resolved: true, version: 3 });
  });

  it("is a word for a key that may not change endpoints", async () => {
    const platform = makePlatform({
      "GET /api/v1/me": () => ({ ...ME, allowed: ["rules:read"] }),
      "GET /api/v1/endpoints/endpoint-1": () => ({ ...WEBHOOK, send_resolved: false }),
    });
    open("/endpoints/endpoint-1", platform);
    const label = await screen.findByText("Resolved alerts", { selector: "dt" });
    expect(label.nextElementSibling).toHaveTextContent(/^Not told/);
    expect(screen.queryByRole("switch")).not.toBeInTheDocument();
  });
});

describe("a secret", () => {
  it("is shown once, when the webhook is created, and the page goes on when it is stored", async () => {
    const platform = makePlatform({
      "POST /api/v1/rules/rule-1/endpoints": () => ({ ...WEBHOOK, secret: "whsec_once" }),
    });
    const { user, router } = open("/endpoints/new?rule=rule-1", platform);
    await user.type(await screen.findByRole("textbox", { name: /^URL/ }), WEBHOOK.value);
    await user.click(screen.getByRole("button", { name: "Create endpoint" }));
    expect(await screen.findByText("whsec_once")).toBeInTheDocument();
    await user.click(await screen.findByRole("button", { name: "I have stored it" }));
    await screen.findByRole("heading", { level: 1, name: /^Webhook: https:/ });
    expect(router.state.location.pathname).toBe("/endpoints/endpoint-1");
    expect(screen.queryByText("whsec_once")).toBeNull();
  });
});

describe("a test", () => {
  it("is followed until it is final, and shows the answer as text", async () => {
    let asked = 0;
    const base = { notification_id: "n-1", client_id: "acme", alert_id: "endpoint-test-1", rule_ids: [] };
    const delivery = {
      delivery_id: "d-1",
      endpoint_id: "endpoint-1",
      type: "webhook",
      target: WEBHOOK.value,
      next_attempt_at: null,
      attempts: [],
    };
    const attempt = {
      attempt_id: "a-1",
      number: 1,
      reason: "http-client-error",
      status_code: 418,
      response: "<b>no</b>",
      detail: "",
      started_at: AT,
      latency_ms: 42,
    };
    const platform = makePlatform({
      "POST /api/v1/endpoints/endpoint-1/test": () => ({ notification_id: "n-1" }),
      "GET /api/v1/notifications/n-1": () => {
        asked++;
        const pending = { ...delivery, status: "PENDING", reason: null };
        if (asked === 1) return { ...base, status: "RECEIVED", deliveries: [pending] };
        const dead = { ...delivery, status: "DEAD", reason: attempt.reason, attempts: [attempt] };
        return { ...base, status: "FAILED", deliveries: [dead] };
      },
    });
    const { user, router } = open("/endpoints/endpoint-1", platform);
    await user.click(await screen.findByRole("button", { name: "Send a test" }));
    expect(await screen.findByText("Status 418")).toBeInTheDocument();
    expect(screen.getByText("<b>no</b>")).toBeInTheDocument();
    expect(screen.getByRole("status", { name: "Outcome of the test" })).toHaveTextContent(
      "could not be delivered",
    );
    expect(router.state.location.search).toContain("test=n-1");
  });
});
