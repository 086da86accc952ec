import { Paper } from "@mantine/core";
import { useRef } from "react";

import { EndpointsBox, PostgresBox, RedisBox } from "./Stores";
import { useFlights } from "./flights";
import classes from "./picture.module.css";
import { WorkerGroupBox } from "./WorkerGroupBox";
import { TopicBox } from "./TopicBox";

/** The platform, with what moves in it: alerts from left to right, and below, how rules get to the evaluators. */
export function Picture() {
  const frame = useRef<HTMLDivElement>(null);
  useFlights(frame);
  return (
    <Paper component="section" aria-label="Picture of the platform" p="sm" className={classes.picture}>
      <div ref={frame} className={classes.frame}>
        <div className={classes.row}>
          <TopicBox topic="alerts.new" from="Alerts come in" />
          <div className={classes.stack}>
            <WorkerGroupBox group="evaluator" />
            <WorkerGroupBox group="recorder" />
          </div>
          <TopicBox topic="alerts.matched" />
          <WorkerGroupBox group="aggregator" />
          <TopicBox topic="notifications.ready" />
          <WorkerGroupBox group="sender" />
          <EndpointsBox />
        </div>
        <p className={classes.caption}>How rules get to the evaluators, and what is stored</p>
        <div className={classes.row} data-row="rules">
          <PostgresBox />
          <TopicBox topic="rule.changed" />
          <WorkerGroupBox group="rule-updater" />
          <RedisBox />
        </div>
      </div>
    </Paper>
  );
}
