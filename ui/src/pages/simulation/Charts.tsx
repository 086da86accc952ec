import { Paper, Text } from "@mantine/core";
import { useMemo } from "react";

import { TimeChart } from "@/shared/TimeChart";

import classes from "./log.module.css";
import { distinct, useSimulated } from "./use-simulation";

/** Points shown: five minutes. */
const series = distinct((state) => state.snapshot.series);

/** Figures over virtual time, one point a virtual second. */
export function Charts() {
  const shown = useSimulated(series);
  const times = useMemo(
    // Virtual time zero is midnight on every clock of these charts.
    () => shown.alerts.map((_, place) => MIDNIGHT + (shown.from_s + place) * 1_000),
    [shown],
  );
  const rates = useMemo(
    () => [
      { label: "Alerts", values: shown.alerts, color: 1 as const },
      { label: "Notifications", values: shown.notifications, color: 3 as const },
      { label: "Delivered", values: shown.delivered, color: 2 as const },
    ],
    [shown],
  );
  const waiting = useMemo(
    () => [
      { label: "Evaluators", values: shown.lag_evaluator, color: 1 as const },
      { label: "Aggregators", values: shown.lag_aggregator, color: 3 as const },
      { label: "Senders", values: shown.lag_dispatcher, color: 4 as const },
      { label: "Deliveries", values: shown.waiting_deliveries, color: 2 as const },
    ],
    [shown],
  );
  return (
    <Paper p="md" component="section" aria-label="Charts">
      <h2 className={classes.title}>Each virtual second</h2>
      <TimeChart
        label="Alerts, notifications and deliveries a second"
        times={times}
        series={rates}
        height={150}
      />
      <h2 className={classes.title}>Waiting</h2>
      <TimeChart label="Records and deliveries that wait" times={times} series={waiting} height={150} />
      <Text size="xs" c="dimmed" mt={4}>
        The clock begins at 00:00:00 when the run does.
      </Text>
    </Paper>
  );
}

const MIDNIGHT = new Date(2026, 0, 1).getTime();
