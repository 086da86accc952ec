import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";

import { accepted, DETAIL, makePlatform, PATH, show } from "./test-alert";

const ANNOTATIONS = {
  summary: "37 % of the card payments fail",
  description: "The provider answers 503.\nOrders are kept.",
  runbook_url: "https://wiki.acme.io/payment-failed",
  dashboard: "javascript:alert(1)",
  impact: "orders wait",
};

test("an alert says first what is wrong, then where to look, then its labels", async () => {
  const platform = makePlatform([], { [`GET ${PATH}`]: () => ({ ...DETAIL, annotations: ANNOTATIONS }) });
  show(platform, "/explain?alert=order%2F4711&owner=");
  const facts = await screen.findByRole("region", { name: "Alert" });
  const read = facts.textContent;
  const places = [
    ANNOTATIONS.summary,
    ANNOTATIONS.description,
    "Links",
    "wiki.acme.io",
    "Severity",
    "Labels",
    "region",
    "impact",
  ].map((text) => read.indexOf(text));
  expect(places).toEqual([...places].sort((one, other) => one - other));
  expect(places[0]).toBeGreaterThanOrEqual(0);
  const links = within(facts).getAllByRole("link");
  expect(links.map((link) => link.getAttribute("href"))).toContain(ANNOTATIONS.runbook_url);
  expect(links.map((link) => link.getAttribute("href"))).not.toContain(ANNOTATIONS.dashboard);
  expect(within(facts).getByText(ANNOTATIONS.dashboard)).toBeInTheDocument();
});

test("an alert without annotations has no room for them", async () => {
  show(makePlatform([]), "/explain?alert=order%2F4711&owner=");
  const facts = await screen.findByRole("region", { name: "Alert" });
  for (const title of ["Links", "Annotations"])
    expect(within(facts).queryByText(title)).not.toBeInTheDocument();
});

test("annotations are sent beside the labels, and copied with an alert", async () => {
  const platform = makePlatform([], {
    "POST /api/v1/alerts": () => Response.json(accepted("order/4711"), { status: 202 }),
    [`GET ${PATH}`]: () => ({ ...DETAIL, annotations: { summary: "It fails" } }),
  });
  show(platform, "/explain/send?from=order%2F4711&owner=");
  const person = userEvent.setup();
  expect(await screen.findByLabelText("Annotation 1")).toHaveValue("summary");
  await person.click(screen.getByRole("button", { name: "Add an annotation" }));
  await person.type(screen.getByLabelText("Annotation 2"), "summary");
  await person.click(screen.getByRole("button", { name: "Send alert" }));
  expect(screen.getByLabelText("Annotation 2")).toBeInvalid();
  expect(platform.asked.some(({ method }) => method === "POST")).toBe(false);
  await person.clear(screen.getByLabelText("Annotation 2"));
  await person.type(screen.getByLabelText("Annotation 2"), "impact");
  await person.type(screen.getByLabelText("Text 2"), "orders wait");
  await person.click(screen.getByRole("button", { name: "Send alert" }));
  await waitFor(() => {
    expect(platform.asked.find(({ method }) => method === "POST")?.body).toMatchObject({
      context: { region: "eu" },
      annotations: { summary: "It fails", impact: "orders wait" },
    });
  });
});
