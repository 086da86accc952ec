import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";

import { problem } from "@/testing/TestPlatform";

import { makePlatform, show } from "./test-alert";

const PREVIEW = "POST /api/v1/sources/preview";
const ALERT = {
  severity: "HIGH",
  source: "backup",
  name: "Backup failed",
  context: { host: "db1" },
  annotations: { summary: "No backup since Sunday", runbook_url: "https://wiki.acme.io/backup" },
  alert_id: null,
  fingerprint: "abc",
  status: "firing",
  starts_at: null,
  ends_at: null,
};

async function paste(text: string) {
  const person = userEvent.setup();
  const field = await screen.findByRole("textbox", { name: /^Payload/ });
  await person.clear(field);
  await person.click(field);
  await person.paste(text);
  await person.click(screen.getByRole("button", { name: "Show the alerts" }));
}

test("a pasted payload is shown as the alerts that would come of it, with what is wrong and what is passed over", async () => {
  const platform = makePlatform([], {
    [PREVIEW]: () => ({
      alerts: [ALERT, { ...ALERT, status: null, name: "Other" }],
      problems: [{ path: "alerts[2].name", code: "missing", detail: "leads to nothing" }],
      passed_over: ["acknowledge"],
    }),
  });
  show(platform, "/explain/payload");
  await paste('{"title": "Backup failed"}');
  const region = await screen.findByRole("region", { name: "Alerts of the payload" });
  const [first = region, second = region] = within(region).getAllByRole("region", { name: "Alert" });
  for (const text of ["No backup since Sunday", "Backup failed", "db1", "Firing"])
    expect(within(first).getByText(text)).toBeInTheDocument();
  expect(within(first).getByRole("link")).toHaveAttribute("href", "https://wiki.acme.io/backup");
  expect(within(second).getByText("An event: it has no end")).toBeInTheDocument();
  expect(within(region).getByText("alerts[2].name")).toBeInTheDocument();
  expect(within(region).getByText("Passed over: acknowledge")).toBeInTheDocument();
  expect(platform.asked.find(({ method }) => method === "POST")?.body).toEqual({
    source: "generic",
    mapping: { name: "$.title", severity: "$.level", source: "backup" },
    payload: { title: "Backup failed" },
  });
});

test("what is no JSON is not sent, and a mapping that is wrong is said at its part", async () => {
  const platform = makePlatform([], {
    [PREVIEW]: () =>
      problem(422, "invalid-input", "the request has problems", {
        problems: [{ path: "severity", code: "unknown-value", detail: "must be a path" }],
      }),
  });
  show(platform, "/explain/payload");
  await paste("{");
  expect(screen.getByText(/This is no JSON/)).toBeInTheDocument();
  expect(platform.asked.some(({ method }) => method === "POST")).toBe(false);
  await paste("{}");
  expect(await screen.findByRole("alert")).toBeInTheDocument();
  expect(screen.getByLabelText("Severity")).toBeInvalid();
});

test("the address has the mapping, and other systems need none", async () => {
  show(makePlatform([]), "/explain/payload");
  expect(
    await screen.findByText("/api/v1/sources/generic?name=%24.title&severity=%24.level&source=backup"),
  ).toBeInTheDocument();
  const person = userEvent.setup();
  await person.click(screen.getByRole("combobox", { name: "Sent by" }));
  await person.click(await screen.findByRole("option", { name: "PagerDuty, Events API" }));
  expect(screen.getByText("/api/v1/sources/pagerduty")).toBeInTheDocument();
  expect(screen.queryByLabelText("Severity")).not.toBeInTheDocument();
});
