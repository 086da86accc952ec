import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test } from "vitest";

import { linkTo } from "@/playground/link";
import { renderIn } from "@/testing/render";

import SimulationPage from ".";
import { simulated, TestSimulation } from "./TestSimulation";

const ENDED = () => localStorage.setItem("alerting-playground-tour", "ended");

beforeEach(ENDED);

function show(simulation = new TestSimulation(), at = "/simulation", routes = {}) {
  const rendered = renderIn(<SimulationPage />, {
    platform: simulated(simulation, routes),
    at,
    path: "/simulation/*",
  });
  return { simulation, ...rendered };
}

test("a worker is killed where its button says", async () => {
  const { simulation } = show();
  await userEvent.selectOptions(screen.getByLabelText("Worker"), "sender-1");
  await userEvent.selectOptions(screen.getByLabelText("Comes back after"), "stays dead");
  await userEvent.click(screen.getByRole("button", { name: "Kill sender-1 between outputs and offsets" }));
  expect(simulation.told).toEqual([{ do: "kill", worker: "sender-1", when: "between", restart_ms: null }]);
});

test("a setting that may change while it runs applies at once, and within its range", async () => {
  const { simulation } = show();
  await userEvent.click(screen.getByRole("tab", { name: "Settings" }));
  const errors = screen.getByLabelText("Answers 500, in %");
  await userEvent.clear(errors);
  await userEvent.type(errors, "400{Enter}");
  expect(simulation.told).toEqual([{ do: "set", settings: { endpoint_errors: 1 } }]);
});

test("a setting that belongs to a run waits for the restart, which keeps the others", async () => {
  const { simulation } = show();
  await userEvent.click(screen.getByRole("tab", { name: "Settings" }));
  const partitions = screen.getByLabelText("Partitions of each topic");
  await userEvent.clear(partitions);
  await userEvent.type(partitions, "3{Enter}");
  expect(simulation.told).toEqual([]);
  await userEvent.click(screen.getByRole("button", { name: "Restart" }));
  const { settings, seed } = simulation.state().snapshot;
  expect(simulation.told).toMatchObject([
    { start: { seed, settings: { ...settings, partitions: 3 }, script: [] } },
  ]);
});

test("a broken guarantee is said in words, with its story", () => {
  const { simulation } = show();
  expect(within(screen.getByRole("listitem", { name: "Lost" })).getByText(/holds/)).toBeVisible();
  const [lost, ...others] = simulation.state().snapshot.checks;
  if (lost === undefined) throw new Error("the recording has no checks");
  const example = {
    alert_id: "alert-7",
    client_id: "ember",
    what: "ember will never hear of alert-7",
    at_ms: 900,
    story: [
      { at_ms: 800, text: "aggregator-1.1 committed first" },
      { at_ms: 900, text: "aggregator-1.1 died" },
    ],
  };
  act(() => simulation.become({}, { checks: [{ ...lost, status: "broken", count: 3, example }, ...others] }));
  expect(screen.getByRole("listitem", { name: "Lost" })).toHaveTextContent("3 broken");
  const checks = within(screen.getByRole("region", { name: "Live checks" }));
  expect(checks.getByRole("alert")).toHaveTextContent("aggregator-1.1 committed first");
  expect(screen.getByRole("link", { name: "Explain this alert" })).toHaveAttribute(
    "href",
    "/explain?alert=alert-7&client=ember",
  );
});

test("a link that is opened while the page is open starts its run, and stops where it was shared", async () => {
  const { simulation, router } = show();
  await act(() => router.navigate("/simulation?s=eNp-other&t=1200&d=abc"));
  await waitFor(() => expect(simulation.told).toEqual([{ start: "eNp-other", stopAtMs: 1200 }]));
  act(() => simulation.become({}, { at_ms: 600, digest: "x" }));
  expect(await screen.findByText("A shared run is replayed")).toBeVisible();
  act(() => simulation.become({}, { at_ms: 1200, digest: "abc" }));
  expect(await screen.findByText("The same run, number by number")).toBeVisible();
});

test("a run that went another way than the shared one is said to be another", async () => {
  const { simulation, router } = show();
  await act(() => router.navigate("/simulation?s=eNp-other&t=1200&d=abc"));
  act(() => simulation.become({}, { at_ms: 1200, digest: "xyz" }));
  expect(await screen.findByText("This is not the run that was shared")).toBeVisible();
});

test("a bad link is explained, and the usual scenario runs", async () => {
  const simulation = new TestSimulation();
  simulation.bad.add("garbage");
  show(simulation, "/simulation?s=garbage");
  expect(await screen.findByText(/the link is damaged/)).toBeVisible();
  expect(simulation.told).toEqual([
    { start: "garbage", stopAtMs: null },
    { start: "", stopAtMs: null },
  ]);
});

test("a link that was refused when the page was opened is not said to be replayed", () => {
  const simulation = new TestSimulation();
  simulation.link = "garbage";
  simulation.refusal = "the link is damaged";
  show(simulation, "/simulation?s=garbage&t=1200&d=abc");
  expect(screen.getByText("This link could not be taken")).toBeVisible();
  expect(screen.getByText(/the link is damaged/)).toBeVisible();
  expect(screen.queryByText("A shared run is replayed")).toBeNull();
  expect(simulation.told).toEqual([]);
});

test("a link whose moment was changed is refused, and nothing of it runs", async () => {
  const { simulation, router } = show();
  const { hash } = new URL(linkTo("eNp-other", { atMs: 1200, digest: "abc" }));
  await act(() => router.navigate(hash.slice(1).replace("1200", "1300")));
  expect(await screen.findByText("This link could not be taken")).toBeVisible();
  expect(simulation.told).toEqual([]);
});

test("sharing stands still, says the digest of that moment, and goes on", async () => {
  const { simulation } = show();
  await userEvent.click(screen.getByRole("button", { name: "Share this run" }));
  const link = await screen.findByRole("textbox", { name: "Link to this run" });
  const { at_ms: at, digest } = simulation.state().snapshot;
  expect(link).toHaveValue(linkTo("eNp-shared", { atMs: at, digest }));
  expect(simulation.told).toEqual(["pause", "play"]);
});

test("the tour begins at a first visit, sends an alert that a client wants, and remembers that it was ended", async () => {
  localStorage.clear();
  const rule = { client_id: "ember", severity: "*", source: "api", name: "disk*", enabled: true };
  const sent: unknown[] = [];
  show(new TestSimulation(), "/simulation", {
    "GET /api/v1/rules": () => ({ items: [rule], next_cursor: null }),
    "POST /api/v1/alerts": async (request: Request) => {
      sent.push(await request.json());
      return { alert_ids: ["alert-9"], accepted: 1 };
    },
  });
  await userEvent.click(screen.getByRole("button", { name: "Send an alert" }));
  expect(await screen.findByText(/which ember wants/)).toBeVisible();
  expect(sent).toEqual([{ severity: "HIGH", source: "api", name: "diskdemo" }]);
  await userEvent.click(screen.getByRole("button", { name: "Next step" }));
  expect(screen.getByRole("link", { name: "Explain the alert that you sent" })).toHaveAttribute(
    "href",
    "/explain?alert=alert-9&owner=&client=ember",
  );
  await userEvent.click(screen.getByRole("button", { name: "Skip the tour" }));
  expect(screen.queryByRole("region", { name: "Guided tour" })).not.toBeInTheDocument();
  expect(localStorage.getItem("alerting-playground-tour")).toBe("ended");
  expect(screen.getByRole("button", { name: "Show the tour" })).toBeVisible();
});
