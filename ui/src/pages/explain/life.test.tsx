import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, test } from "vitest";

import type { Alert, AlertDetail, Notified } from "@/api/types";
import { lasted } from "@/shared/figures";
import { problem } from "@/testing/TestPlatform";

import { accepted, ALERT, DETAIL, makePlatform, PATH, show } from "./test-alert";

const FIRING: Alert = {
  ...ALERT,
  alert_id: "episode",
  status: "firing",
  starts_at: "2026-01-02T03:00:00.000Z",
  fingerprint: "f",
};
const RESOLVED: Alert = { ...FIRING, status: "resolved", ends_at: "2026-01-02T03:20:05.000Z" };

test("a list says which alerts fire and which are resolved, and nothing of events", async () => {
  const items = [FIRING, { ...RESOLVED, alert_id: "before" }, ALERT];
  const platform = makePlatform([], { "GET /api/v1/alerts": () => ({ items, next_cursor: null }) });
  show(platform, "/explain?status=firing");
  const table = await screen.findByRole("table", { name: "Recent alerts" });
  const [, ...rows] = within(table).getAllByRole("row");
  const place = within(table)
    .getAllByRole("columnheader")
    .findIndex((heading) => heading.textContent === "Status");
  const cells = rows.map((row) => within(row).getAllByRole("cell")[place]?.textContent);
  expect(cells).toEqual(["Firing", "Resolved", ""]);
  const asked = platform.asked.find(({ url }) => url.pathname === "/api/v1/alerts");
  expect(Object.fromEntries(asked?.url.searchParams ?? [])).toEqual({ status: "firing" });
});

test("a filter by a status that does not exist is none", async () => {
  const platform = makePlatform([]);
  show(platform, "/explain?status=SENT");
  await screen.findByRole("table", { name: "Recent alerts" });
  const asked = platform.asked.find(({ url }) => url.pathname === "/api/v1/alerts");
  expect(asked?.url.searchParams.has("status")).toBe(false);
});

test.each([
  [FIRING, "Firing", "Still firing"],
  [RESOLVED, "Resolved", /, after 20 min 5 s$/],
])("the page of an alert shows since when and until when it fired", async (alert, status, until) => {
  const detail = { ...DETAIL, ...alert };
  show(makePlatform([], { [`GET ${PATH}`]: () => detail }), "/explain?alert=order%2F4711&owner=");
  const facts = await screen.findByRole("region", { name: "Alert" });
  const said = (name: string) => within(facts).getByText(name, { selector: "dt" }).nextElementSibling;
  expect(said("Status")).toHaveTextContent(status);
  expect(within(said("Since") as HTMLElement).getAllByRole("time")[0]).toHaveAttribute(
    "datetime",
    FIRING.starts_at,
  );
  expect(said("Until")).toHaveTextContent(until);
  expect(within(facts).queryByText("Happened")).not.toBeInTheDocument();
});

test("an event happened, and has neither a status nor an end", async () => {
  show(makePlatform([]), "/explain?alert=order%2F4711&owner=");
  const facts = await screen.findByRole("region", { name: "Alert" });
  expect(within(facts).getByText("Happened")).toBeInTheDocument();
  for (const name of ["Status", "Since", "Until"])
    expect(within(facts).queryByText(name, { selector: "dt" })).not.toBeInTheDocument();
});

describe("from firing to end", () => {
  const told = (client_id: string, changes: Partial<Notified> = {}): Notified => ({
    notification_id: `fired-${client_id}`,
    client_id,
    rule_ids: ["rule-1"],
    status: "SENT",
    ends_at: null,
    resolved_notification_id: null,
    created_at: ALERT.received_at,
    updated_at: ALERT.received_at,
    ...changes,
  });
  const ends = [
    { notification_id: "ended-acme", status: "PARTIAL", client_id: "acme", private: false },
    // Of a private alert with the same id.
    { notification_id: "ended-globex", status: "FAILED", client_id: "globex", private: true },
  ];

  async function showLife(detail: Partial<AlertDetail>) {
    const platform = makePlatform([], {
      [`GET ${PATH}`]: () => ({ ...DETAIL, ...detail }),
      "GET /api/v1/notifications": () => ({ items: ends, next_cursor: null }),
    });
    show(platform, "/explain?alert=order%2F4711&owner=");
    const life = await screen.findByRole("region", { name: "From firing to end" });
    const lines = (name: string) =>
      within(within(life).getByRole("list", { name }))
        .getAllByRole("listitem")
        .map((line) => line.textContent);
    return { life, lines, platform };
  }

  it("is told who was notified of each, and that the end was reported", async () => {
    const notifications = [
      told("acme", { resolved_notification_id: "ended-acme" }),
      told("globex", { resolved_notification_id: "ended-globex" }),
      told("initech", { ends_at: RESOLVED.ends_at, status: "RECEIVED" }),
      told("hooli", { status: "FAILED" }),
    ];
    const { life, lines, platform } = await showLife({ ...RESOLVED, notifications, ended_by: "report" });
    expect(life).toHaveTextContent("Its sender said that it is over.");
    expect(lines("Notified of the firing")).toEqual([
      "acme, notification of the firingSent",
      "globex, notification of the firingSent",
      "initech, notification of the firingReceived",
      "hooli, notification of the firingFailed",
    ]);
    await waitFor(() =>
      expect(lines("Notified of the end")).toEqual([
        "acme, notification of the endPartial",
        "globex, notification of the end",
        "initech, notification of the endReceived",
      ]),
    );
    const end = within(life).getByRole("link", { name: "acme, notification of the end" });
    expect(end).toHaveAttribute("href", "/notifications/ended-acme");
    const asked = platform.asked.find(({ url }) => url.searchParams.get("kind") === "RESOLVED");
    expect(asked?.url.searchParams.get("alert_id")).toBe("episode");
  });

  it("is told that silence ended it, and that nobody was notified", async () => {
    const { life } = await showLife({ ...RESOLVED, ended_by: "silence" });
    expect(life).toHaveTextContent("It was not sent any more, so it was resolved by itself.");
    expect(life).toHaveTextContent("No client was notified of the firing.");
    expect(life).toHaveTextContent("No client was notified of the end.");
  });

  it("has no end while the alert fires", async () => {
    const { life, platform } = await showLife({ ...FIRING, notifications: [told("acme")] });
    expect(life).toHaveTextContent("Not over yet");
    expect(platform.asked.some(({ url }) => url.searchParams.get("kind") === "RESOLVED")).toBe(false);
  });

  it("is not told of an event", async () => {
    show(makePlatform([]), "/explain?alert=order%2F4711&owner=");
    await screen.findByRole("region", { name: "Alert" });
    expect(screen.queryByRole("region", { name: "From firing to end" })).not.toBeInTheDocument();
  });

  it("leaves what became of it for one client at the notification of the firing", async () => {
    const made = (kind: string) => ({
      notification_id: `of-${kind}`,
      kind,
      status: "SENT",
      client_id: "acme",
      private: false,
    });
    const platform = makePlatform([], {
      [`GET ${PATH}`]: () => ({ ...DETAIL, ...RESOLVED, alert_id: ALERT.alert_id }),
      "GET /api/v1/notifications": (_, url) => {
        const kinds = [url.searchParams.get("kind") ?? ["RESOLVED", "FIRING"]].flat();
        return { items: kinds.map(made), next_cursor: null };
      },
    });
    show(platform, "/explain?alert=order%2F4711&owner=&client=acme");
    const link = await screen.findByRole("link", { name: "Show the notification" });
    expect(link).toHaveAttribute("href", "/notifications/of-FIRING");
  });
});

describe("an alert with a deduplication key", () => {
  const answer = (alert_id: string | null, outcome: string) => () =>
    Response.json(accepted(alert_id, outcome), { status: 202 });

  async function send(platform: ReturnType<typeof makePlatform>, status: "Firing" | "Resolved") {
    const shown = show(platform, "/explain/send?source=checkout&name=payment-failed");
    const person = userEvent.setup();
    const form = await screen.findByRole("form", { name: "Alert" });
    expect(within(form).queryByRole("radio", { name: "Resolved" })).not.toBeInTheDocument();
    await person.type(within(form).getByLabelText("Deduplication key"), "checkout/eu");
    expect(within(form).getByLabelText("Alert id")).toBeDisabled();
    await person.click(within(form).getByRole("radio", { name: status }));
    await person.click(within(form).getByRole("button", { name: "Send alert" }));
    return shown;
  }

  it("is sent with its status, and its episode is shown", async () => {
    const platform = makePlatform([], {
      "POST /api/v1/alerts": answer("episode", "opened"),
      "GET /api/v1/alerts/episode": () => ({ ...DETAIL, ...FIRING }),
    });
    const { router } = await send(platform, "Firing");
    await waitFor(() => expect(router.state.location.search).toBe("?alert=episode&owner="));
    expect(platform.asked.find(({ method }) => method === "POST")?.body).toEqual({
      severity: "HIGH",
      source: "checkout",
      name: "payment-failed",
      context: {},
      dedup_key: "checkout/eu",
      status: "firing",
    });
  });

  it("that does not fire cannot be resolved, and the form says so and stays", async () => {
    const platform = makePlatform([], { "POST /api/v1/alerts": answer(null, "not-open") });
    const { router } = await send(platform, "Resolved");
    expect(await screen.findByText(/there was nothing to resolve/)).toBeInTheDocument();
    expect(router.state.location.pathname).toBe("/explain/send");
    expect(platform.asked.find(({ method }) => method === "POST")?.body).toMatchObject({
      dedup_key: "checkout/eu",
      status: "resolved",
    });
  });

  it("that the platform objects to is marked", async () => {
    const platform = makePlatform([], {
      "POST /api/v1/alerts": () =>
        problem(422, "invalid-input", "the alert cannot be used", {
          problems: [{ path: "dedup_key", code: "control-character", detail: "it has one" }],
        }),
    });
    await send(platform, "Firing");
    await waitFor(() => expect(screen.getByLabelText("Deduplication key")).toBeInvalid());
  });
});

describe("how long something lasted", () => {
  it.each([
    [0, "0 s"],
    [-5, "0 s"],
    [59_999, "59 s"],
    [60_000, "1 min"],
    [65_000, "1 min 5 s"],
    [7_380_000, "2 h 3 min"],
    [3 * 86_400_000 + 4 * 3_600_000 + 59_000, "3 d 4 h"],
  ])("%d ms is %s", (ms, text) => {
    expect(lasted(ms)).toBe(text);
  });
});
