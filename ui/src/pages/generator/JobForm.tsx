import {
  Button,
  Checkbox,
  Group,
  NumberInput,
  Paper,
  SegmentedControl,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";

import { ask } from "@/api/client";
import { ProblemError } from "@/api/problem";
import { useChange } from "@/api/queries";
import { SEVERITIES } from "@/api/types";
import { useApi } from "@/app/context";
import { ErrorState } from "@/shared/ErrorState";
import { toastDone } from "@/shared/toasts";

import { DistributionField } from "./DistributionField";
import { readDistribution } from "./distribution";
import { alertsOf, configOf, durationMs, isNumber, type JobConfig, type JobDraft, PRESETS } from "./draft";
import classes from "./generator.module.css";

/** Starts a job. */
export function JobForm({ initial }: { initial: JobDraft }) {
  const api = useApi();
  const queries = useQueryClient();
  const [draft, setDraft] = useState(initial);
  const start = useChange(
    (body: JobConfig, once) => ask(api.POST("/api/v1/generator/jobs", { body, params: { header: once } })),
    {
      onSuccess: async () => {
        toastDone("The job is started");
        await queries.invalidateQueries({ queryKey: ["jobs"] });
        // On phones the jobs are below the form, out of sight.
        document.getElementById("jobs")?.scrollIntoView({ block: "nearest" });
      },
    },
  );
  const set = (change: Partial<JobDraft>) => {
    start.reset();
    setDraft((now) => ({ ...now, ...change }));
  };
  const { error } = start;
  // Problems of a distribution may point at one entry of it: severity_dist[0].
  const refused = (path: string) =>
    error instanceof ProblemError
      ? error.problems.find((problem) => problem.path === path || problem.path.startsWith(`${path}[`))?.detail
      : undefined;
  const isReady =
    readDistribution(draft.severity_dist, SEVERITIES).problems.length === 0 &&
    readDistribution(draft.source_dist).problems.length === 0 &&
    readDistribution(draft.name_dist).problems.length === 0 &&
    alertsOf(draft) !== null;
  const send = (event: SyntheticEvent) => {
    event.preventDefault();
    if (isReady) start.mutate(configOf(draft));
  };
  return (
    <Paper component="form" id="new-job" aria-label="New job" noValidate onSubmit={send}>
      <Stack gap="md">
        <Text component="h2" fw={600} size="lg">
          New job
        </Text>
        <Group gap={6} role="group" aria-label="Presets">
          {PRESETS.map(({ label, sets }) => (
            <Button
              key={label}
              variant="default"
              size="xs"
              className={classes.preset}
              onClick={() => set(sets)}
            >
              {label}
            </Button>
          ))}
        </Group>
        <Amount draft={draft} set={set} refused={refused} />
        <DistributionField
          label="Severities"
          allowed={SEVERITIES}
          value={draft.severity_dist}
          onChange={(severity_dist) => set({ severity_dist })}
          refused={refused("severity_dist")}
        />
        <DistributionField
          label="Sources"
          value={draft.source_dist}
          onChange={(source_dist) => set({ source_dist })}
          refused={refused("source_dist")}
        />
        <DistributionField
          label="Names"
          value={draft.name_dist}
          onChange={(name_dist) => set({ name_dist })}
          refused={refused("name_dist")}
        />
        <TextInput
          label="Seed"
          description="The same seed makes the same alerts with the same ids. Empty: one is chosen."
          inputMode="numeric"
          placeholder="chosen"
          autoComplete="off"
          value={draft.seed}
          onChange={(event) => set({ seed: event.currentTarget.value.replace(/\D/g, "") })}
          error={refused("seed")}
        />
        <Checkbox
          label="Begin with the test alert"
          description="The first alert is LOW / test-source / test-name, so that a rule can wait for it."
          checked={draft.test}
          onChange={(event) => set({ test: event.currentTarget.checked })}
        />
        {error !== null && <ErrorState error={error} />}
        <Group justify="space-between" gap="xs">
          <Total draft={draft} />
          <Button
            type="submit"
            disabled={!isReady}
            loading={start.isPending}
            leftSection={<IconPlayerPlay size={16} stroke={1.6} aria-hidden />}
          >
            Start job
          </Button>
        </Group>
      </Stack>
    </Paper>
  );
}

function Amount({
  draft,
  set,
  refused,
}: {
  draft: JobDraft;
  set: (change: Partial<JobDraft>) => void;
  refused: (path: string) => string | undefined;
}) {
  return (
    <>
      <SegmentedControl
        fullWidth
        aria-label="How the alerts are spread"
        data={[
          { value: "rate", label: "At a rate" },
          { value: "burst", label: "All at once" },
        ]}
        styles={{ label: { minHeight: 36, alignContent: "center" } }}
        value={draft.mode}
        onChange={(mode) => set({ mode: mode === "burst" ? "burst" : "rate" })}
      />
      {draft.mode === "rate" ? (
        <div className={classes.two}>
          <NumberInput
            label="Alerts a second"
            thousandSeparator=","
            hideControls
            value={draft.rps}
            onChange={(rps) => set({ rps })}
            error={isNumber(draft.rps) ? refused("rps") : "Give a number"}
          />
          <TextInput
            label="For how long"
            placeholder="3m"
            autoComplete="off"
            value={draft.duration}
            onChange={(event) => set({ duration: event.currentTarget.value })}
            error={durationMs(draft.duration) === null ? "As in 60s, 3m or 1h30m" : refused("duration")}
          />
        </div>
      ) : (
        <NumberInput
          label="Alerts"
          thousandSeparator=","
          hideControls
          allowDecimal={false}
          value={draft.burst}
          onChange={(burst) => set({ burst })}
          error={isNumber(draft.burst) && Number(draft.burst) > 0 ? refused("burst") : "At least one"}
        />
      )}
    </>
  );
}

function Total({ draft }: { draft: JobDraft }) {
  const alerts = alertsOf(draft);
  return (
    <Text size="sm" c="dimmed" className="tabular" aria-live="polite">
      {alerts === null ? "" : `${alerts.toLocaleString("en")} ${alerts === 1 ? "alert" : "alerts"}`}
    </Text>
  );
}
