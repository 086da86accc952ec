import { Alert, SegmentedControl, Stack } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";

import { ask } from "@/api/client";
import { useCaller } from "@/app/caller";
import { useApi } from "@/app/context";
import { ErrorState } from "@/shared/ErrorState";
import { LoadingState } from "@/shared/LoadingState";
import { PageHeader } from "@/shared/PageHeader";
import { useMetrics } from "@/shared/use-metrics";

import { AcrossStages } from "./AcrossStages";
import { Circuits } from "./Circuits";
import { Deliveries } from "./Deliveries";
import { shownStages } from "./expected";
import { OneStage } from "./OneStage";
import { Processes } from "./Processes";
import { RANGES, useRange } from "./range";

const REFRESH_MS = 5_000;

/** How the platform has been doing for up to an hour: by stage, by process, by delivery. */
export default function StagesPage() {
  const api = useApi();
  const caller = useCaller();
  const range = useRange();
  const metrics = useMetrics(REFRESH_MS);
  const series = useQuery({
    queryKey: ["metrics", "series", range.minutes],
    queryFn: ({ signal }) =>
      ask(api.GET("/api/v1/metrics/series", { params: { query: { minutes: range.minutes } }, signal })),
    refetchInterval: REFRESH_MS,
    placeholderData: keepPreviousData,
    enabled: caller.isOperator,
  });
  // All at once: what came later would push down what is being read.
  const isPending = metrics.isPending || series.isLoading;
  const stages = shownStages(metrics.data?.topology ?? [], metrics.data?.pipeline ?? []);
  return (
    <>
      <PageHeader
        title="Metrics"
        description={
          caller.isOperator
            ? "What each stage did over time, and how its processes are doing now."
            : "Your deliveries and notifications in figures. How the platform's stages are doing is for operators."
        }
        actions={
          caller.isOperator && (
            <SegmentedControl
              aria-label="Time range of the charts"
              data={RANGES.map(({ value, label }) => ({ value, label }))}
              styles={{ label: { minHeight: 34, alignContent: "center" } }}
              value={range.value}
              onChange={range.choose}
            />
          )
        }
      />
      <Stack gap="lg">
        {metrics.isError && <ErrorState error={metrics.error} onRetry={() => metrics.refetch()} />}
        {series.isError && <ErrorState error={series.error} onRetry={() => series.refetch()} />}
        {isPending && <LoadingState rows={12} label="Loading metrics" isPage />}
        {!isPending && metrics.data !== undefined && (
          <>
            {metrics.data.stages_unavailable && <Unavailable />}
            {caller.isOperator && !metrics.data.stages_unavailable && (
              <>
                {series.data !== undefined && (
                  <>
                    <AcrossStages topology={metrics.data.topology} series={series.data} />
                    <OneStage stages={stages} series={series.data} />
                  </>
                )}
                <Processes
                  stages={metrics.data.stages}
                  missing={stages.filter(({ summary }) => summary === null)}
                />
                <Circuits circuits={metrics.data.circuits} />
              </>
            )}
            <Deliveries metrics={metrics.data} />
          </>
        )}
      </Stack>
    </>
  );
}

function Unavailable() {
  return (
    <Alert
      color="red"
      variant="light"
      icon={<IconAlertTriangle size={18} aria-hidden />}
      title="The figures of the stages cannot be had"
      role="alert"
    >
      What keeps them does not answer. The stages go on working; what is shown below comes from the database.
    </Alert>
  );
}
