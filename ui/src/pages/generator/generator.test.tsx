import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";

import { renderIn } from "@/testing/render";
import { problem, TestPlatform } from "@/testing/TestPlatform";

import GeneratorPage from ".";
import { readDistribution, scaled } from "./distribution";
import { configOf, DEFAULT_DRAFT } from "./draft";

const AT = "2026-01-02T03:04:05.678Z";
const OPERATOR = {
  key_id: "k",
  name: "k",
  client_id: null,
  is_operator: true,
  scopes: ["admin"],
  allowed: ["admin"],
};

function job(more: object) {
  return {
    job_id: "d3c1a7e0-4c55-4d39-9f0e-6f1f5b2e7c10",
    status: "running",
    config: { ...configOf(DEFAULT_DRAFT), seed: 4711 },
    alerts_total: 600,
    alerts_sent: 150,
    stop_asked: false,
    error: null,
    created_at: AT,
    started_at: AT,
    completed_at: null,
    ...more,
  };
}

function makePlatform(more: ConstructorParameters<typeof TestPlatform>[0] = {}) {
  return new TestPlatform({
    "GET /api/v1/me": () => OPERATOR,
    "GET /api/v1/generator/jobs": () => ({ items: [], next_cursor: null }),
    ...more,
  });
}

test("weights are read as the platform reads them", () => {
  expect(readDistribution("a:b:40, c : 60")).toEqual({
    entries: [
      { value: "a:b", weight: 40 },
      { value: "c", weight: 60 },
    ],
    sum: 100,
    problems: [],
  });
  expect(readDistribution("a:40,c:50").problems).toEqual(["The weights sum to 90: 10 too few"]);
  expect(readDistribution("a:50,a:50").problems[0]).toContain("more than once");
  expect(readDistribution("a").problems[0]).toContain("no weight");
  expect(readDistribution("a:1.5").problems[0]).toContain("no whole number");
  expect(readDistribution("HUGE:100", ["LOW"]).problems[0]).toContain("none of LOW");
});

test("weights that are scaled sum to 100, whatever rounding leaves", () => {
  expect(scaled(readDistribution("a:1,b:1,c:1").entries)).toBe("a:34,b:33,c:33");
  expect(readDistribution(scaled(readDistribution("a:0,b:0,c:0").entries)).problems).toEqual([]);
});

test("a job is started only when its weights sum to 100, and a burst asks for nothing else", async () => {
  const user = userEvent.setup();
  const platform = makePlatform({ "POST /api/v1/generator/jobs": () => job({ status: "pending" }) });
  renderIn(<GeneratorPage />, { platform, at: "/generator", path: "/generator/*" });
  const severities = await screen.findByLabelText("Severities");
  const start = screen.getByRole("button", { name: "Start job" });
  await user.clear(severities);
  await user.type(severities, "HIGH:30,LOW:30");
  expect(screen.getByText("The weights sum to 60: 40 too few")).toBeInTheDocument();
  const [shares] = screen.getAllByRole("list", { name: "Shares" });
  expect(shares?.children).toHaveLength(2);
  expect(start).toBeDisabled();
  await user.click(screen.getByRole("button", { name: "Scale to 100" }));
  expect(severities).toHaveValue("HIGH:50,LOW:50");
  await user.click(screen.getByRole("button", { name: "Burst of 100,000" }));
  await user.click(start);
  await screen.findByText("The job is started");
  expect(platform.asked.find(({ method }) => method === "POST")?.body).toMatchObject({
    burst: 100_000,
    severity_dist: "HIGH:50,LOW:50",
    seed: 0,
  });
});

test("a limit of the platform is said at its field", async () => {
  const user = userEvent.setup();
  const detail = "rps × duration make 864,000,000 alerts, at most 1,000,000 are allowed";
  const platform = makePlatform({
    "POST /api/v1/generator/jobs": () =>
      problem(422, "invalid-input", "the request has problems", {
        problems: [{ path: "duration", code: "too-many", detail }],
      }),
  });
  renderIn(<GeneratorPage />, { platform, at: "/generator", path: "/generator/*" });
  await user.click(await screen.findByRole("button", { name: "Start job" }));
  expect(await screen.findByLabelText("For how long")).toHaveAccessibleDescription(detail);
});

test("a job that runs shows how far it is, and can be stopped", async () => {
  const user = userEvent.setup();
  const platform = makePlatform({
    "GET /api/v1/generator/jobs": () => ({ items: [job({})], next_cursor: null }),
    "POST /api/v1/generator/jobs/*/stop": () => job({ stop_asked: true }),
  });
  renderIn(<GeneratorPage />, { platform, at: "/generator", path: "/generator/*" });
  const bar = await screen.findByRole("progressbar", { name: "Progress of 10 a second for 60s" });
  expect(bar).toHaveAttribute("aria-valuenow", "25");
  await user.click(screen.getByRole("button", { name: "Stop: 10 a second for 60s" }));
  expect(platform.asked.some(({ url }) => url.pathname.endsWith("/stop"))).toBe(true);
});
