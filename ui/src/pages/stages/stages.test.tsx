import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";

import { renderIn } from "@/testing/render";
import { TestPlatform } from "@/testing/TestPlatform";
import { TOPOLOGY } from "@/testing/topology";

import StagesPage from ".";

const AT = "2026-01-02T03:04:05.678Z";
const STEP_TIMES = { counts: [0, 3, 1], up_to_ms: [1, 2], p50_ms: 1.5, p99_ms: 12 };
const SUMMARY = {
  stage: "evaluator",
  state: "healthy",
  errors: 0,
  gauges: {},
  instances: { healthy: 1 },
  lag: 3,
  last_error: null,
  processed: 10,
  published: 2,
  rate_per_s: 5,
  received: 10,
  rejected: 0,
  step_times: STEP_TIMES,
};
const TOTALS = {
  by_hour: [0, 7],
  clients: 1,
  counted_at: AT,
  deliveries_by_status: { DELIVERED: 12 },
  endpoints_by_type: {},
  last_hour: 7,
  notifications_by_status: {},
  rules_disabled: 0,
  rules_enabled: 1,
};

function makePlatform(isOperator: boolean, metrics: object = {}) {
  return new TestPlatform({
    "GET /api/v1/me": () => ({
      key_id: "k",
      name: "k",
      client_id: isOperator ? null : "acme",
      is_operator: isOperator,
      scopes: [],
      allowed: isOperator ? ["admin"] : ["notifications:read"],
    }),
    "GET /api/v1/metrics": () => ({
      at: AT,
      circuits: [{ host: "hooks.acme.io:443", instance: "sender-1", state: "open", targets: 2 }],
      pipeline: [SUMMARY],
      topology: TOPOLOGY,
      stages: [
        {
          ...SUMMARY,
          instance: "evaluator-1",
          last_seen: AT,
          counts: {},
          gauges: { "rules-indexed": 28_800, "rules-age-ms": 240 },
        },
      ],
      stages_unavailable: false,
      totals: TOTALS,
      ...metrics,
    }),
    "GET /api/v1/metrics/series": () => ({
      at: AT,
      begins_at: AT,
      bucket_s: 10,
      buckets: 3,
      stages: [
        {
          stage: "evaluator",
          received: [100, 50, 1],
          published: [10, 5, 0],
          rejected: [0, 0, 0],
          errors: [0, 2, 0],
          lag: [4, null, 3],
          counts: {},
        },
      ],
    }),
  });
}

test("a stage that no process reports is shown as not reporting", async () => {
  const user = userEvent.setup();
  renderIn(<StagesPage />, { platform: makePlatform(true), at: "/stages", path: "/stages/*" });
  const stages = await screen.findByRole("list", { name: "Stages" });
  const deliverer = within(stages).getByRole("button", { name: /Deliverer/ });
  expect(deliverer).toHaveTextContent("Not reporting");
  expect(within(stages).getByRole("button", { name: /Evaluator/ })).toHaveTextContent("Healthy");
  await user.click(deliverer);
  expect(await screen.findByText("The deliverer is not reporting")).toBeInTheDocument();
  const table = screen.getByRole("table", { name: "Processes" });
  expect(within(table).getByRole("row", { name: /Deliverer/ })).toHaveTextContent("never");
  expect(within(table).getByRole("row", { name: /evaluator-1/ })).toHaveTextContent(
    "28,800 rules indexed, checked 240 ms ago",
  );
});

test("the range and the stage are in the address, and the last whole span is what the charts say", async () => {
  const user = userEvent.setup();
  const platform = makePlatform(true);
  const { router } = renderIn(<StagesPage />, { platform, at: "/stages?range=5m", path: "/stages/*" });
  const rate = await screen.findByRole("slider", { name: "Records in and out a second" });
  expect(rate).toHaveAttribute("aria-valuetext", expect.stringContaining("In 5, Out 0.5"));
  expect(platform.asked.find(({ url }) => url.pathname.endsWith("/series"))?.url.search).toBe("?minutes=5");
  await user.click(screen.getByRole("radio", { name: "1 h" }));
  await user.click(screen.getByRole("button", { name: /Sweeper/ }));
  expect(router.state.location.search).toBe("?range=1h&stage=sweeper");
});

test("figures of stages that cannot be had are not shown as stages that do not report", async () => {
  const platform = makePlatform(true, { stages_unavailable: true, pipeline: [], stages: [] });
  renderIn(<StagesPage />, { platform, at: "/stages", path: "/stages/*" });
  expect(await screen.findByText("The figures of the stages cannot be had")).toBeInTheDocument();
  expect(screen.queryByText("Not reporting")).not.toBeInTheDocument();
});

test("a client's key sees its own deliveries, and is not asked about stages", async () => {
  const platform = makePlatform(false, { pipeline: [], stages: [], circuits: [] });
  renderIn(<StagesPage />, { platform, at: "/stages", path: "/stages/*" });
  const list = await screen.findByRole("list", { name: "Deliveries by status" });
  expect(list).toHaveTextContent("12");
  expect(screen.queryByText("Not reporting")).not.toBeInTheDocument();
  expect(platform.asked.some(({ url }) => url.pathname.endsWith("/series"))).toBe(false);
});
