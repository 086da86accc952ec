import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";

import { problem } from "@/testing/TestPlatform";

import { accepted, ALERT, DETAIL, makePlatform, MATCHED, PATH, rule, show } from "./test-alert";

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
  expect(router.state.location.search).toBe("?alert=order%2F4711&owner=&client=acme");
  expect(await screen.findByRole("heading", { name: "Explain payment-failed" })).toBeInTheDocument();
});

test("an alert that is sent is followed: it is recorded a moment after it was taken in", async () => {
  let isRecorded = false;
  const platform = makePlatform([MATCHED], {
    "POST /api/v1/alerts": () => Response.json(accepted(ALERT.alert_id), { status: 202 }),
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
  await waitFor(() => expect(router.state.location.search).toBe("?alert=order%2F4711&owner="));
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
