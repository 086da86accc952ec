import { useMemo } from "react";

import type { MetricSeries, StageWiring } from "@/api/types";
import { count } from "@/shared/figures";
import { stageLabel } from "@/shared/stages";
import { TimeChart } from "@/shared/TimeChart";

import { ChartPanel } from "./ChartPanel";
import { perSecond, timesOf, whole } from "./expected";
import classes from "./stages.module.css";

/** The main stages side by side: the one that falls behind is seen at once. */
export function AcrossStages({
  topology,
  series,
}: {
  topology: readonly StageWiring[];
  series: MetricSeries;
}) {
  const times = useMemo(() => timesOf(series), [series]);
  const charts = useMemo(() => {
    const main = topology
      .filter((each) => each.on_path)
      .flatMap((each) => series.stages.find(({ stage }) => stage === each.stage) ?? []);
    const named = main.map((each) => ({ each, label: stageLabel(each.stage) }));
    return {
      rate: named.map(({ each, label }) => ({ label, values: perSecond(each.received, series) })),
      lag: named.map(({ each, label }) => ({ label, values: whole(each.lag, series) })),
      errors: named.map(({ each, label }) => ({
        label,
        values: whole(each.errors, series).map((errors, place) => errors + (each.rejected[place] ?? 0)),
      })),
    };
  }, [topology, series]);
  return (
    <section aria-labelledby="across" className={classes.three}>
      <h2 id="across" className="visually-hidden">
        Across the stages
      </h2>
      <ChartPanel
        title="Throughput"
        explains="Records that each stage took in a second. A stage far below the one before it is the bottleneck."
      >
        <TimeChart label="Throughput by stage, records a second" times={times} series={charts.rate} />
      </ChartPanel>
      <ChartPanel
        title="Backlog"
        explains="Records that wait for each stage. Growth means that more comes in than it can take."
      >
        <TimeChart
          label="Backlog by stage, records that wait"
          times={times}
          series={charts.lag}
          format={count}
        />
      </ChartPanel>
      <ChartPanel
        title="Failures"
        explains="Steps that failed and were tried again, and poison records that were put aside. Zero is normal."
      >
        <TimeChart label="Failures by stage" times={times} series={charts.errors} format={count} />
      </ChartPanel>
    </section>
  );
}
