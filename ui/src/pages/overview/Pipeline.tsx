import { Group, Paper, Text } from "@mantine/core";
import { Fragment } from "react";

import type { MetricSeries, StageSummary, StageWiring } from "@/api/types";
import { StatusBadge } from "@/shared/badges";
import { count, duration, rate, rateText } from "@/shared/figures";
import { stageLabel } from "@/shared/stages";
import { ago } from "@/shared/TimeAgo";

import classes from "./overview.module.css";
import { Spark } from "./Spark";

/** Ten minutes: long enough to see a burst, short enough to see it end. The span that has just begun is left out. */
const SPARK_BUCKETS = 60;

/** The way of an alert through the stages, with what goes through each now, and what waits for it. */
export function Pipeline({
  stages,
  topology,
  series,
}: {
  stages: readonly StageSummary[];
  topology: readonly StageWiring[];
  series: MetricSeries | undefined;
}) {
  const named = new Map(stages.map((stage) => [stage.stage, stage]));
  const onPath = topology.filter((each) => each.on_path);
  const main = onPath.flatMap((wiring) => {
    const stage = named.get(wiring.stage);
    return stage === undefined ? [] : [{ wiring, stage }];
  });
  const beside = stages.filter(({ stage }) => !onPath.some((each) => each.stage === stage));
  const receivedOf = (name: string) => series?.stages.find(({ stage }) => stage === name)?.received ?? [];
  return (
    <section aria-labelledby="pipeline">
      <h2 id="pipeline" className={classes.title}>
        Pipeline
      </h2>
      <ol className={classes.pipeline}>
        {main.map(({ wiring, stage }) => (
          <Fragment key={stage.stage}>
            <li className={classes.topic}>
              <span className={classes.topicName}>{breakable(wiring.reads ?? "")}</span>
              <span className={classes.waiting} data-waits={(stage.lag ?? 0) > 0 || undefined}>
                {stage.lag === null
                  ? "not measured"
                  : stage.lag === 0
                    ? "none waiting"
                    : `${count(stage.lag)} waiting`}
              </span>
            </li>
            <li className={classes.stage}>
              <StageCard
                stage={stage}
                does={wiring.does}
                received={receivedOf(stage.stage)}
                bucketS={series?.bucket_s ?? 0}
              />
            </li>
          </Fragment>
        ))}
      </ol>
      {beside.length > 0 && (
        <ul className={classes.beside} aria-label="Beside the pipeline">
          {beside.map((stage) => (
            <li key={stage.stage} className={classes.besideStage}>
              <Group justify="space-between" gap="xs" wrap="nowrap">
                <Text fw={600} size="sm">
                  {stageLabel(stage.stage)}
                </Text>
                <StatusBadge status={stage.state} />
              </Group>
              <Text size="xs" c="dimmed" className="tabular">
                {rateText(stage.rate_per_s)}
                {stage.lag !== null && stage.lag > 0 && `, ${count(stage.lag)} waiting`}
              </Text>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function StageCard({
  stage,
  does,
  received,
  bucketS,
}: {
  stage: StageSummary;
  does: string;
  /** In each span of *bucketS* seconds; the last one is under way. */
  received: readonly number[];
  bucketS: number;
}) {
  const processes = Object.values(stage.instances).reduce((sum, each) => sum + each, 0);
  const p99 = stage.step_times.p99_ms;
  const { figure, unit } = rate(stage.rate_per_s);
  return (
    <Paper p="sm" className={classes.card} data-state={stage.state}>
      <Group justify="space-between" gap="2px 6px">
        <Text fw={600}>{stageLabel(stage.stage)}</Text>
        <StatusBadge status={stage.state} />
      </Group>
      <Text size="xs" c="dimmed" className={classes.does}>
        {does}
      </Text>
      <div className={classes.rate}>
        <span className="tabular">{figure}</span>
        <Text span size="xs" c="dimmed">
          {unit}
        </Text>
      </div>
      <Spark values={received.slice(-SPARK_BUCKETS - 1, -1)} />
      <Text size="xs" c="dimmed" className="tabular">
        {[
          p99 === null ? lastStep(stage.received, received, bucketS) : `p99 ${duration(p99)} a step`,
          processes > 1 ? `${processes} processes` : null,
          stage.rejected > 0 ? `${count(stage.rejected)} rejected` : null,
        ]
          .filter((each) => each !== null)
          .join(" · ")}
      </Text>
    </Paper>
  );
}

/** When a stage that had nothing to do for a minute had something to do last; *total* is since its processes started. */
function lastStep(total: number, received: readonly number[], bucketS: number): string {
  if (total === 0) return "no step yet";
  const spans = received.length - 1 - received.findLastIndex((each) => each > 0);
  if (spans < received.length) return `last step ${ago(-spans * bucketS)}`;
  return received.length === 0
    ? "no step lately"
    : `last step over ${duration(received.length * bucketS * 1_000)} ago`;
}

/** Lets a name of a topic go on in a second line behind its dot. */
function breakable(topic: string) {
  const [first, ...rest] = topic.split(".");
  return (
    <>
      {first}
      {rest.map((part) => (
        <Fragment key={part}>
          .<wbr />
          {part}
        </Fragment>
      ))}
    </>
  );
}
