import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import { renderIn } from "@/testing/render";

import { layOut } from "./chart-layout";
import { count, duration, measure } from "./figures";
import { TimeChart } from "./TimeChart";

const times = [0, 60_000, 120_000, 180_000];
const size = { width: 400, height: 100, isBars: false };

describe("a chart", () => {
  it("tells the latest figures, and those of the point that arrow keys walk to", async () => {
    renderIn(
      <TimeChart label="Rates" times={times} series={[{ label: "in", values: [1, 2, null, 2_500] }]} />,
    );
    const chart = screen.getByRole("slider", { name: "Rates" });
    expect(chart).toHaveAttribute("aria-valuetext", expect.stringContaining("in 2,500"));
    chart.focus();
    await userEvent.keyboard("{ArrowLeft}");
    expect(chart).toHaveAttribute("aria-valuetext", expect.stringContaining("in –"));
    await userEvent.keyboard("{Home}{ArrowLeft}");
    expect(chart).toHaveAttribute("aria-valuetext", expect.stringContaining("in 1"));
  });

  it("has nothing to say without figures", () => {
    renderIn(<TimeChart label="Rates" times={[]} series={[{ label: "in", values: [] }]} />);
    expect(screen.getByText("No figures yet")).toBeVisible();
  });

  it("leaves a gap where nothing was measured, and never draws outside of its frame", () => {
    const layout = layOut(times, [{ label: "a", values: [1, null, 3, 4] }], size);
    expect(layout.line([1, null, 3, 4]).match(/M/g)).toHaveLength(2);
    expect(layout.y(4)).toBeGreaterThanOrEqual(0);
    expect(layout.x(180_000)).toBeLessThanOrEqual(400);
  });

  it("has no halves at its axis where things are counted, and has them where they are measured", () => {
    const ticks = (values: number[]) =>
      layOut(times, [{ label: "a", values }], size).yTicks.map(({ value }) => value);
    expect(ticks([0, 2, 1, 0])).toEqual([0, 1, 2]);
    expect(ticks([0, 0, 0, 0])).toEqual([0, 1]);
    expect(ticks([0, 1.5, 1, 0])).toContain(0.5);
  });

  it("finds the point nearest to a place", () => {
    const layout = layOut(times, [], size);
    expect(times.map((time) => layout.nearest(layout.x(time) + 3))).toEqual([0, 1, 2, 3]);
    expect([layout.nearest(-50), layout.nearest(5_000)]).toEqual([0, 3]);
  });
});

describe("figures", () => {
  it("are as exact as anybody reads them", () => {
    expect([0, 999, 99_999, 1_234_567].map(count)).toEqual(["0", "999", "99,999", "1.2M"]);
    expect([0, 0.123, 12.34, 123.4, 1_234.5].map(measure)).toEqual(["0", "0.12", "12.3", "123", "1,235"]);
    expect([0, 840, 3_210, 300_000, 7_200_000].map(duration)).toEqual([
      "0 ms",
      "840 ms",
      "3.21 s",
      "5 min",
      "2 h",
    ]);
  });
});
