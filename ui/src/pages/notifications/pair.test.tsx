import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";

import type { Notification, NotificationDetail } from "@/api/types";
import { problem } from "@/testing/TestPlatform";

import { delivery, notification } from "./test-notification";
import { detailed, lastQuery, listed, show } from "./test-page";

const LIFE: Partial<Notification> = { alert_id: "episode", fingerprint: "f" };
const ENDS_AT = "2026-01-02T03:24:10.000Z";
const EVENT = notification(1);
const RESOLVED = notification(3, {
  ...LIFE,
  kind: "RESOLVED",
  ends_at: ENDS_AT,
  firing_notification_id: notification(2).notification_id,
  status: "PARTIAL",
});
const FIRING = notification(2, { ...LIFE, resolved_notification_id: RESOLVED.notification_id });
const BOTH = notification(4, { ...LIFE, ends_at: ENDS_AT });

test("a list says which notifications tell of a firing, and which of an end, and nothing of events", async () => {
  const platform = listed(() => [RESOLVED, BOTH, FIRING, EVENT]);
  show(platform, "/notifications?kind=RESOLVED");
  const table = await screen.findByRole("table", { name: "Notifications" });
  const place = within(table)
    .getAllByRole("columnheader")
    .findIndex((heading) => heading.textContent === "Kind");
  const [, ...rows] = within(table).getAllByRole("row");
  const cells = rows.map((row) => within(row).getAllByRole("cell")[place]?.textContent);
  expect(cells).toEqual(["Resolved", "Resolved", "Firing", ""]);
  expect(lastQuery(platform)).toEqual({ kind: "RESOLVED" });
});

function showOne(shown: Notification, other: Notification | null, changes: Partial<NotificationDetail> = {}) {
  const platform = detailed(
    { ...shown, deliveries: [], ...changes },
    {
      "GET /api/v1/notifications/*": (_, url) => {
        if (url.pathname.endsWith(shown.notification_id)) return { ...shown, deliveries: [], ...changes };
        return other === null ? problem(404, "not-found", "it is gone") : { ...other, deliveries: [] };
      },
    },
  );
  return show(platform, `/notifications/${shown.notification_id}`);
}

const said = async (name: string) =>
  (await screen.findByText(name, { selector: "dt" })).nextElementSibling as HTMLElement;

test("a firing leads to the notification of its end, and that one back", async () => {
  const { router } = showOne(FIRING, RESOLVED);
  const person = userEvent.setup();
  const end = await said("Resolved");
  expect(await said("Kind")).toHaveTextContent("Firing");
  expect(await within(end).findByText("Partial")).toBeInTheDocument();
  await person.click(within(end).getByRole("link"));
  expect(router.state.location.pathname).toBe(`/notifications/${RESOLVED.notification_id}`);
  await waitFor(async () => expect(await said("Kind")).toHaveTextContent("Resolved"));
  const firing = await said("Firing");
  expect(await within(firing).findByText("Sent")).toBeInTheDocument();
  await person.click(within(firing).getByRole("link"));
  expect(router.state.location.pathname).toBe(`/notifications/${FIRING.notification_id}`);
});

test("an end says since when and until when the alert fired", async () => {
  showOne(RESOLVED, FIRING);
  expect(await said("Until")).toHaveTextContent(/, after 20 min 5 s$/);
  expect(screen.getByText(/The end is told where that one was told/)).toBeInTheDocument();
});

test("a firing whose end is not told says so, and claims nothing of how the alert stands", async () => {
  showOne({ ...FIRING, resolved_notification_id: null }, null);
  expect(await said("Resolved")).toHaveTextContent("Not told yet");
  for (const name of ["Until", "Happened"])
    expect(screen.queryByText(name, { selector: "dt" })).not.toBeInTheDocument();
});

test("what tells both at once says so, and has no other half", async () => {
  showOne(BOTH, null);
  expect(await said("Kind")).toHaveTextContent("Resolved" + "Tells both at once");
  for (const name of ["Firing", "Resolved"])
    expect(screen.queryByText(name, { selector: "dt" })).not.toBeInTheDocument();
});

test("an event is of no kind", async () => {
  showOne(EVENT, null);
  expect(await said("Client")).toBeInTheDocument();
  expect(screen.queryByText("Kind", { selector: "dt" })).not.toBeInTheDocument();
});

test("the other half may not be kept any more", async () => {
  showOne(RESOLVED, null);
  await waitFor(async () => expect(await said("Firing")).toHaveTextContent("not kept any more"));
});

test("deliveries of an end say in words why nothing was sent, or not yet", async () => {
  showOne(RESOLVED, FIRING, {
    status: "RECEIVED",
    deliveries: [
      delivery("https://later.example/", {
        status: "PENDING",
        reason: "waits-for-firing",
        next_attempt_at: new Date(Date.now() + 60_000).toISOString(),
      }),
      delivery("https://dead.example/", { status: "SKIPPED", reason: "firing-not-told" }),
      delivery("https://off.example/", { status: "SKIPPED", reason: "resolved-not-wanted" }),
    ],
  });
  const deliveries = await screen.findByRole("list", { name: "Deliveries" });
  const text = (name: RegExp) => within(deliveries).getByRole("listitem", { name }).textContent;
  expect(text(/later/)).toContain("still on its way here; its end is told after it");
  expect(text(/later/)).not.toContain("First attempt");
  expect(text(/dead/)).toContain("Nothing was sent. That the alert fires has not arrived here");
  expect(text(/off/)).toContain("Nothing was sent. The endpoint is set not to be told");
});

test("an end of which nobody was to be told says so", async () => {
  showOne(RESOLVED, FIRING, {
    status: "SKIPPED",
    deliveries: [delivery("https://off.example/", { status: "SKIPPED", reason: "resolved-not-wanted" })],
  });
  expect(await screen.findByText(/Nobody was to be told of the end/)).toBeInTheDocument();
});

test.each([
  [RESOLVED, "told again that it is over"],
  [FIRING, "The message says that the alert is over since."],
])("before it is sent again, it is said who is told what", async (shown, words) => {
  showOne(shown, shown === FIRING ? RESOLVED : FIRING);
  await userEvent.setup().click(await screen.findByRole("button", { name: "Send again" }));
  expect(await screen.findByText(new RegExp(words))).toBeInTheDocument();
});
