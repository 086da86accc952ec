import { screen, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import type { Metrics, StageSummary } from "@/api/types";
import { renderIn } from "@/testing/render";
import { problem, TestPlatform } from "@/testing/TestPlatform";
import { TOPOLOGY } from "@/testing/topology";

import OverviewPage from ".";
import { failuresIn } from "./failures";

const AT = "2026-01-02T03:04:05.678Z";

function stage(name: string, changes: Partial<StageSummary> = {}): StageSummary {
  return {
    stage: name,
    state: "healthy",
    instances: { healthy: 1, unhealthy: 0, offline: 0 },
    received: 10,
    processed: 10,
    published: 5,
    rejected: 0,
    errors: 0,
    last_error: null,
    rate_per_s: 61.5,
    lag: 0,
    step_times: { p50_ms: 3.5, p99_ms: 18.2, up_to_ms: [], counts: [] },
    gauges: {},
    ...changes,
  };
}

function metrics(changes: Partial<Metrics> = {}, totals: Partial<Metrics["totals"]> = {}): Metrics {
  return {
    at: AT,
    stages: [],
    pipeline: ["recorder", "evaluator", "aggregator", "dispatcher", "deliverer"].map((name) => stage(name)),
    circuits: [],
    stages_unavailable: false,
    topology: [...TOPOLOGY],
    totals: {
      clients: 3,
      rules_enabled: 12,
      rules_disabled: 1,
      endpoints_by_type: { email: 4, webhook: 8 },
      notifications_by_status: { SENT: 120 },
      deliveries_by_status: { DELIVERED: 240 },
      last_hour: 7,
      by_hour: [...new Array<number>(23).fill(0), 7],
      counted_at: AT,
      ...totals,
    },
    ...changes,
  };
}

const ME = {
  key_id: "k",
  name: "first key",
  client_id: null,
  is_operator: true,
  scopes: ["admin"],
  allowed: ["admin"],
};

function makePlatform(figures: Metrics, isOperator = true, received: number[] = []): TestPlatform {
  return new TestPlatform({
    "GET /api/v1/me": () => ({ ...ME, is_operator: isOperator, client_id: isOperator ? null : "acme" }),
    "GET /api/v1/metrics": () => figures,
    "GET /api/v1/metrics/series": () => ({
      at: AT,
      begins_at: AT,
      bucket_s: 10,
      buckets: received.length,
      stages: [
        { stage: "evaluator", received, published: [], rejected: [], errors: [], lag: [], counts: {} },
      ],
    }),
    "GET /api/v1/dead-letters/topics": () => ({ topics: [], letters: 0 }),
  });
}

describe("what fails", () => {
  it("is nothing on a platform that is well", () => {
    expect(failuresIn(metrics(), { topics: [], letters: 0 })).toEqual([]);
  });

  it("is told the worst first, with what to do about it", () => {
    const figures = metrics(
      {
        pipeline: [
          stage("evaluator", { state: "offline", instances: { offline: 1 } }),
          stage("aggregator", { state: "unhealthy", last_error: "postgres is away" }),
          stage("deliverer", { instances: { healthy: 1, unhealthy: 0, offline: 1 } }),
        ],
        circuits: [
          { instance: "a", host: "hooks.acme.io:443", state: "half-open", targets: 1 },
          { instance: "b", host: "hooks.acme.io:443", state: "open", targets: 3 },
        ],
        stages_unavailable: true,
      },
      { deliveries_by_status: { DEAD: 1, RETRYING: 2_000 } },
    );
    const found = failuresIn(figures, {
      topics: [{ topic: "alerts.new.dlq", source: "alerts.new", letters: 3 }],
      letters: 3,
    });
    expect(found.map(({ tone, title }) => `${tone}: ${title}`)).toEqual([
      "bad: Evaluator is offline",
      "bad: Aggregator is failing",
      "bad: 1 delivery given up",
      "bad: 3 records could not be read",
      "warning: Deliverer: 1 of 2 processes not healthy",
      "warning: The figures of the stages could not be read",
      "warning: A receiver is left alone for a while",
      "warning: 2,000 deliveries will be tried again",
    ]);
    expect(new Set(found.map(({ key }) => key)).size).toBe(found.length);
  });
});

describe("the overview", () => {
  it("shows an operator the pipeline with rates, and what waits where", async () => {
    const figures = metrics({
      pipeline: [stage("evaluator", { lag: 1_234 }), stage("deliverer", { lag: null })],
    });
    renderIn(<OverviewPage />, { platform: makePlatform(figures) });
    const pipeline = await screen.findByRole("region", { name: "Pipeline" });
    expect(within(pipeline).getByText("1,234 waiting")).toBeVisible();
    expect(within(pipeline).getByText("not measured")).toBeVisible();
    expect(within(pipeline).getAllByText("61.5")).toHaveLength(2);
    expect(screen.getByText("Nothing is failing")).toBeVisible();
    expect(screen.getByText("Live")).toBeVisible();
  });

  it("says of an idle stage when it had something to do last, and gives a low rate by the minute", async () => {
    const idle = { rate_per_s: 0, step_times: { p50_ms: null, p99_ms: null, up_to_ms: [], counts: [] } };
    const pipeline = [
      stage("evaluator", idle),
      stage("aggregator", { ...idle, received: 0 }),
      stage("deliverer", { rate_per_s: 0.03 }),
    ];
    const received = [5, 2, ...new Array<number>(18).fill(0)];
    renderIn(<OverviewPage />, { platform: makePlatform(metrics({ pipeline }), true, received) });
    expect(await screen.findByText("last step 3 min. ago")).toBeVisible();
    expect(screen.getByText("no step yet")).toBeVisible();
    expect(
      within(screen.getByRole("region", { name: "Pipeline" })).getByText("2").parentElement,
    ).toHaveTextContent("2a minute");
  });

  it("shows a stage that the platform does not describe by its own name", async () => {
    renderIn(<OverviewPage />, { platform: makePlatform(metrics({ pipeline: [stage("polisher")] })) });
    expect(await screen.findByText("Polisher")).toBeVisible();
  });

  it("spares a client the stages, which are not its business", async () => {
    const platform = makePlatform(metrics({ pipeline: [], stages: [] }), false);
    renderIn(<OverviewPage />, { platform });
    expect(await screen.findByRole("list", { name: "Totals" })).toBeVisible();
    expect(screen.queryByRole("region", { name: "Pipeline" })).toBeNull();
    expect(screen.queryByRole("link", { name: "Clients" })).toBeNull();
    expect(platform.asked.map(({ url }) => url.pathname)).not.toContain("/api/v1/metrics/series");
  });

  it("says what to do first where nothing is yet", async () => {
    const empty = metrics(
      {},
      { clients: 0, rules_enabled: 0, rules_disabled: 0, notifications_by_status: {} },
    );
    renderIn(<OverviewPage />, { platform: makePlatform(empty) });
    expect(await screen.findByRole("link", { name: "Create a client" })).toHaveAttribute("href", "/clients");
  });

  it("says what went wrong when there are no figures", async () => {
    const platform = makePlatform(metrics());
    platform.routes["GET /api/v1/metrics"] = () => problem(403, "forbidden", "the key has not the scope");
    renderIn(<OverviewPage />, { platform });
    expect(await screen.findByRole("alert")).toHaveTextContent("the key has not the scope");
  });
});
