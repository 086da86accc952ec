import { Paper, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { ask } from "@/api/client";
import type { Metrics } from "@/api/types";
import { useCaller } from "@/app/caller";
import { useApi } from "@/app/context";
import { ErrorState } from "@/shared/ErrorState";
import { count } from "@/shared/figures";
import { middlesOfHours } from "@/shared/hours";
import { LoadingState } from "@/shared/LoadingState";
import { PageHeader } from "@/shared/PageHeader";
import { TimeChart } from "@/shared/TimeChart";
import { useMetrics } from "@/shared/use-metrics";

import { Failures } from "./Failures";
import { failuresIn } from "./failures";
import { FirstSteps } from "./FirstSteps";
import classes from "./overview.module.css";
import { Pipeline } from "./Pipeline";
import { StatusBar } from "./StatusBar";
import { Totals } from "./Totals";

const REFRESH_MS = 3_000;
const SERIES_MS = 10_000; // One span of the series.

export default function OverviewPage() {
  const api = useApi();
  const caller = useCaller();
  const metrics = useMetrics(REFRESH_MS);
  const series = useQuery({
    queryKey: ["metrics", "series"],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/metrics/series", { signal })),
    refetchInterval: SERIES_MS,
    enabled: caller.isOperator,
  });
  const deadLetters = useQuery({
    queryKey: ["dead-letters", "topics"],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/dead-letters/topics", { signal })),
    refetchInterval: SERIES_MS,
    enabled: caller.isOperator,
  });

  return (
    <>
      <PageHeader
        title="Overview"
        description="What fails, what waits, and what goes through, as of now."
        actions={<Live isLive={metrics.isSuccess && !metrics.isRefetchError} />}
      />
      <Stack gap="lg">
        {metrics.isError && <ErrorState error={metrics.error} onRetry={() => metrics.refetch()} />}
        {metrics.isPending && <LoadingState rows={10} isPage />}
        {metrics.data !== undefined && (
          <>
            <Failures failures={failuresIn(metrics.data, deadLetters.data ?? null)} />
            {metrics.data.totals.rules_enabled === 0 && <FirstSteps isOperator={caller.isOperator} />}
            {metrics.data.pipeline.length > 0 && (
              <Pipeline
                topology={metrics.data.topology}
                stages={metrics.data.pipeline}
                series={series.data}
              />
            )}
            <Totals totals={metrics.data.totals} isOperator={caller.isOperator} />
            <LastDay metrics={metrics.data} />
          </>
        )}
      </Stack>
    </>
  );
}

function Live({ isLive }: { isLive: boolean }) {
  return (
    <Text size="xs" c="dimmed" className={classes.live} data-live={isLive || undefined} role="status">
      {isLive ? "Live" : "Not up to date"}
    </Text>
  );
}

function LastDay({ metrics }: { metrics: Metrics }) {
  const { by_hour, counted_at, notifications_by_status } = metrics.totals;
  const times = useMemo(() => middlesOfHours(counted_at, by_hour.length), [by_hour, counted_at]);
  const series = useMemo(() => [{ label: "Notifications in the hour", values: by_hour }], [by_hour]);
  const total = by_hour.reduce((sum, each) => sum + each, 0);
  return (
    <Paper component="section" aria-labelledby="last-day">
      <h2 id="last-day" className={classes.title}>
        Last 24 hours
      </h2>
      <Text size="sm" c="dimmed" mb="xs">
        {total === 1 ? "1 notification" : `${count(total)} notifications`}
      </Text>
      <TimeChart
        label="Notifications of the last 24 hours"
        times={times}
        series={series}
        kind="bars"
        format={count}
      />
      <StatusBar counts={notifications_by_status} />
    </Paper>
  );
}
