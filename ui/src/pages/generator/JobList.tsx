import { Button, Group, Paper, Text } from "@mantine/core";
import { IconBolt } from "@tabler/icons-react";

import { ask } from "@/api/client";
import { usePages } from "@/api/queries";
import type { Job } from "@/api/types";
import { useApi } from "@/app/context";
import { EmptyState } from "@/shared/EmptyState";
import { ErrorState } from "@/shared/ErrorState";
import { ChoiceFilter } from "@/shared/Filters";
import { LoadingState } from "@/shared/LoadingState";
import { useFilter } from "@/shared/useFilter";

import classes from "./generator.module.css";
import { JobCard } from "./JobCard";

const REFRESH_MS = 1_000;

const STATUSES = [
  { value: "pending", label: "Pending" },
  { value: "running", label: "Running" },
  { value: "completed", label: "Completed" },
  { value: "failed", label: "Failed" },
  { value: "cancelled", label: "Stopped" },
] as const;

/** All jobs, newest first; those under way move. */
export function JobList({ onRepeat }: { onRepeat: (job: Job) => void }) {
  const api = useApi();
  const [chosen] = useFilter("status");
  const status = STATUSES.find(({ value }) => value === chosen)?.value;
  const jobs = usePages(
    ["jobs", "list", status ?? null],
    (cursor, signal) =>
      ask(api.GET("/api/v1/generator/jobs", { params: { query: { status, cursor, limit: 20 } }, signal })),
    { refetchMs: REFRESH_MS },
  );
  return (
    <section aria-labelledby="jobs" className={classes.jobs}>
      <div className={classes.jobsHead}>
        <Text component="h2" id="jobs" fw={600} size="lg">
          Jobs
        </Text>
        <ChoiceFilter name="status" label="Status" data={STATUSES} />
      </div>
      {jobs.isPending && <LoadingState label="Loading jobs" />}
      {jobs.isError && <ErrorState error={jobs.error} onRetry={() => jobs.refetch()} />}
      {jobs.isSuccess && jobs.items.length === 0 && (
        <EmptyState
          title={status === undefined ? "No job was started yet" : "No job has this status"}
          icon={IconBolt}
        >
          <Text size="sm" c="dimmed" maw={380}>
            {status === undefined
              ? "Choose a preset and start it: the Overview shows how its alerts go through the stages."
              : "Choose another status to see more."}
          </Text>
        </EmptyState>
      )}
      {jobs.items.length > 0 && (
        <Paper component="ul" p={0} className={classes.cards} aria-label="Jobs">
          {jobs.items.map((job) => (
            <JobCard
              key={job.job_id}
              job={job}
              seenAtMs={jobs.dataUpdatedAt}
              onRepeat={() => onRepeat(job)}
            />
          ))}
        </Paper>
      )}
      {jobs.hasNextPage && (
        <Group justify="flex-end" mt="xs">
          <Button
            variant="default"
            size="xs"
            loading={jobs.isFetchingNextPage}
            onClick={() => jobs.fetchNextPage()}
          >
            Load more
          </Button>
        </Group>
      )}
    </section>
  );
}
