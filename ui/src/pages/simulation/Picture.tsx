import { Paper } from "@mantine/core";
import { useRef } from "react";

import { EndpointsBox, PostgresBox, RedisBox } from "./Stores";
import { useFlights } from "./flights";
import classes from "./picture.module.css";
import { TeamBox } from "./TeamBox";
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
            <TeamBox team="evaluator" />
            <TeamBox team="recorder" />
          </div>
          <TopicBox topic="alerts.matched" />
          <TeamBox team="aggregator" />
          <TopicBox topic="notifications.ready" />
          <TeamBox team="sender" />
          <EndpointsBox />
        </div>
        <p className={classes.caption}>How rules get to the evaluators, and what is stored</p>
        <div className={classes.row} data-row="rules">
          <PostgresBox />
          <TopicBox topic="rule.changed" />
          <TeamBox team="rule-updater" />
          <RedisBox />
        </div>
      </div>
    </Paper>
  );
}
