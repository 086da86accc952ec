import { Alert, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useMemo } from "react";

import type { MetricSeries, StageSummary } from "@/api/types";
import { count } from "@/shared/figures";
import { HostileText } from "@/shared/HostileText";
import { stageLabel } from "@/shared/stages";
import { TimeChart } from "@/shared/TimeChart";
import { useFilter } from "@/shared/useFilter";

import { ChartPanel } from "./ChartPanel";
import { perSecond, type Shown, timesOf, whole } from "./expected";
import classes from "./stages.module.css";
import { StageTabs } from "./StageTabs";
import { StepTimes } from "./StepTimes";

const FIRST = "evaluator";

/** One stage in all its processes; which one is in the address. */
export function OneStage({ stages, series }: { stages: readonly Shown[]; series: MetricSeries }) {
  const [named, setNamed] = useFilter("stage");
  const chosen = stages.find(({ stage }) => stage === (named ?? FIRST)) ?? stages[0];
  if (chosen === undefined) return null;
  const { wiring } = chosen;
  const label = stageLabel(chosen.stage);
  return (
    <section aria-labelledby="one-stage">
      <h2 id="one-stage" className={classes.title}>
        By stage
      </h2>
      <StageTabs
        stages={stages}
        chosen={chosen.stage}
        onChoose={(stage) => setNamed(stage === FIRST ? null : stage)}
      />
      <Text size="sm" mb="sm">
        <b>{label}</b>
        {wiring !== null && `: ${wiring.does.charAt(0).toLowerCase()}${wiring.does.slice(1)}`}
        {typeof wiring?.reads === "string" && ` (reads ${wiring.reads})`}.
      </Text>
      {chosen.summary === null ? (
        <Alert
          color="red"
          variant="light"
          icon={<IconAlertTriangle size={18} aria-hidden />}
          title={`The ${label.toLowerCase()} is not reporting`}
        >
          No process has said anything about it. Either none runs this stage, or none can reach what keeps the
          figures: look at the processes, and at their logs.
        </Alert>
      ) : (
        <Charts summary={chosen.summary} series={series} />
      )}
    </section>
  );
}

function Charts({ summary, series }: { summary: StageSummary; series: MetricSeries }) {
  const times = useMemo(() => timesOf(series), [series]);
  const charts = useMemo(() => {
    const own = series.stages.find(({ stage }) => stage === summary.stage);
    if (own === undefined) return null;
    return {
      rate: [
        { label: "In", values: perSecond(own.received, series), color: 1 as const },
        { label: "Out", values: perSecond(own.published, series), color: 2 as const },
      ],
      errors: [
        { label: "Failed steps", values: whole(own.errors, series), color: 6 as const },
        { label: "Rejected", values: whole(own.rejected, series), color: 3 as const },
      ],
      lag: [{ label: "Waiting", values: whole(own.lag, series), color: 4 as const }],
    };
  }, [series, summary.stage]);
  return (
    <>
      {summary.last_error !== null && <LatestError summary={summary} error={summary.last_error} />}
      <div className={classes.two}>
        {charts === null ? (
          <ChartPanel
            title="No history yet"
            explains="Its processes have reported, but not yet for a whole span."
          >
            {null}
          </ChartPanel>
        ) : (
          <>
            <ChartPanel
              title="Rate"
              explains="Records taken in and given out a second. Out may be below in (most alerts match no rule) or above it (one alert, many clients)."
            >
              <TimeChart label="Records in and out a second" times={times} series={charts.rate} />
            </ChartPanel>
            <ChartPanel
              title="Lag"
              explains="Records that waited for this stage at the end of each span of ten seconds. A gap: nothing was measured."
            >
              {charts.lag[0]?.values.every((each) => each === null) === true ? (
                <Text size="sm">
                  Not measured over time{summary.lag === null ? "." : `; ${count(summary.lag)} wait now.`}
                </Text>
              ) : (
                <TimeChart label="Records that wait" times={times} series={charts.lag} format={count} />
              )}
            </ChartPanel>
            <ChartPanel
              title="Errors"
              explains="Failed steps are tried again and lose nothing. Rejected records cannot be read: they are among the dead letters."
            >
              <TimeChart
                label="Failed steps and rejected records"
                times={times}
                series={charts.errors}
                format={count}
              />
            </ChartPanel>
          </>
        )}
        <StepTimes times={summary.step_times} />
      </div>
    </>
  );
}

/** An error that is over is worth knowing, and no alarm. */
function LatestError({ summary, error }: { summary: StageSummary; error: string }) {
  const isOver = summary.state === "healthy";
  if (!isOver) {
    return (
      <Alert color="red" variant="light" mb="md" title="Latest error">
        <HostileText text={error} mono />
      </Alert>
    );
  }
  return (
    <Text size="sm" c="dimmed" mb="sm">
      Latest error, which is over: <HostileText text={error} mono />
    </Text>
  );
}
