import { Button, Group, Progress, Text } from "@mantine/core";
import { IconPlayerStop, IconRepeat } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";

import { ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { Job } from "@/api/types";
import { useApi } from "@/app/context";
import { StatusBadge } from "@/shared/badges";
import { duration, rateText } from "@/shared/figures";
import { HostileText } from "@/shared/HostileText";
import { TimeAgo } from "@/shared/TimeAgo";
import { toastError } from "@/shared/toasts";

import classes from "./generator.module.css";
import { asked, isUnderWay, remainingMs, useRate } from "./progress";

const COLORS = { failed: "red", cancelled: "gray" } as const;

/** One job: how far it is, and how fast. */
export function JobCard({ job, seenAtMs, onRepeat }: { job: Job; seenAtMs: number; onRepeat: () => void }) {
  const rate = useRate(job, seenAtMs);
  const remaining = remainingMs(job, rate);
  const title = asked(job);
  const percent = job.alerts_total === 0 ? 100 : (job.alerts_sent * 100) / job.alerts_total;
  const sent = `${job.alerts_sent.toLocaleString("en")} of ${job.alerts_total.toLocaleString("en")} sent`;
  const said = [
    sent,
    rate !== null && rateText(rate),
    remaining !== null && `about ${duration(Math.max(1_000, remaining))} to go`,
    job.status === "pending" && "waits: only a few jobs run side by side",
  ].filter((each) => each !== false);
  return (
    <li className={classes.card} aria-label={title}>
      <Group justify="space-between" gap="xs">
        <Text fw={600}>{title}</Text>
        <StatusBadge status={job.status} />
      </Group>
      <Progress.Root size="md" my={8}>
        <Progress.Section
          value={percent}
          color={job.status === "failed" || job.status === "cancelled" ? COLORS[job.status] : "accent"}
          aria-label={`Progress of ${title}`}
          aria-valuetext={sent}
        />
      </Progress.Root>
      <Text size="sm" className="tabular">
        {said.join(" · ")}
      </Text>
      {job.error !== null && (
        <Text size="sm" c="var(--mantine-color-error)">
          <HostileText text={job.error} />
        </Text>
      )}
      <Group justify="space-between" gap="xs" mt={4}>
        <Text size="xs" c="dimmed" className="tabular">
          started <TimeAgo at={job.started_at ?? job.created_at} /> · seed {job.config.seed}
        </Text>
        <Group gap={6}>
          {isUnderWay(job) && <StopButton job={job} title={title} />}
          {job.config.custom == null && !job.config.single_test && (
            <Button
              variant="default"
              size="xs"
              mih={36}
              leftSection={<IconRepeat size={15} stroke={1.6} aria-hidden />}
              aria-label={`Use again: ${title}`}
              onClick={onRepeat}
            >
              Use again
            </Button>
          )}
        </Group>
      </Group>
    </li>
  );
}

function StopButton({ job, title }: { job: Job; title: string }) {
  const api = useApi();
  const queries = useQueryClient();
  const stop = useChange(
    (_: null, once) =>
      ask(
        api.POST("/api/v1/generator/jobs/{job_id}/stop", {
          params: { path: { job_id: job.job_id }, header: once },
        }),
      ),
    { onSuccess: () => queries.invalidateQueries({ queryKey: ["jobs"] }), onError: toastError },
  );
  const word = job.stop_asked ? "Stopping" : "Stop";
  return (
    <Button
      variant="default"
      size="xs"
      mih={36}
      leftSection={<IconPlayerStop size={15} stroke={1.6} aria-hidden />}
      aria-label={`${word}: ${title}`}
      loading={stop.isPending}
      disabled={job.stop_asked}
      onClick={() => stop.mutate(null)}
    >
      {word}
    </Button>
  );
}
