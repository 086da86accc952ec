import { Anchor } from "@mantine/core";
import { useMemo } from "react";
import { Link } from "react-router";

import type { DeliveryStatus, Metrics } from "@/api/types";
import { StatusBadge } from "@/shared/badges";
import { Bars } from "@/shared/Bars";
import { count } from "@/shared/figures";
import { middlesOfHours } from "@/shared/hours";
import { TimeChart } from "@/shared/TimeChart";

import { ChartPanel } from "./ChartPanel";
import classes from "./stages.module.css";

const STATUSES: readonly { status: DeliveryStatus; color: number }[] = [
  { status: "DELIVERED", color: 2 },
  { status: "PENDING", color: 1 },
  { status: "RETRYING", color: 3 },
  { status: "DEAD", color: 6 },
  { status: "SKIPPED", color: 5 },
];

/** What has become of deliveries, and how many notifications there were. */
export function Deliveries({ metrics }: { metrics: Metrics }) {
  const { deliveries_by_status: byStatus, by_hour: byHour, counted_at: countedAt } = metrics.totals;
  const total = Object.values(byStatus).reduce((sum, each) => sum + each, 0);
  const times = useMemo(() => middlesOfHours(countedAt, byHour.length), [byHour, countedAt]);
  const series = useMemo(() => [{ label: "Notifications", values: byHour, color: 1 as const }], [byHour]);
  return (
    <section aria-labelledby="results" className={classes.two}>
      <h2 id="results" className="visually-hidden">
        Results
      </h2>
      <ChartPanel
        title="Deliveries by status"
        explains={
          <>
            All deliveries that are stored. Pending were never tried, retrying wait for another attempt, dead
            are given up:{" "}
            <Anchor component={Link} to="/notifications?status=FAILED" size="xs" underline="always">
              see failed notifications
            </Anchor>
            .
          </>
        }
      >
        <Bars
          label="Deliveries by status"
          bars={STATUSES.map(({ status, color }) => {
            const each = byStatus[status] ?? 0;
            return {
              id: status,
              name: <StatusBadge status={status} />,
              share: total === 0 ? 0 : (each * 100) / total,
              figure: count(each),
              color,
            };
          })}
        />
      </ChartPanel>
      <ChartPanel
        title="Notifications by hour"
        explains="Created in each of the last 24 hours. A bar is one hour, the last one ends now."
      >
        <TimeChart label="Notifications by hour" kind="bars" times={times} series={series} format={count} />
      </ChartPanel>
    </section>
  );
}
