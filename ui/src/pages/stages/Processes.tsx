import { Text } from "@mantine/core";

import type { Stage } from "@/api/types";
import { StatusBadge } from "@/shared/badges";
import { type Column, ItemTable } from "@/shared/DataTable";
import { EmptyState } from "@/shared/EmptyState";
import { count, duration, rateText } from "@/shared/figures";
import { HostileText, OneLine } from "@/shared/HostileText";
import { stageLabel } from "@/shared/stages";
import { TimeAgo } from "@/shared/TimeAgo";

import type { Shown } from "./expected";
import classes from "./stages.module.css";

/** A stage in a process, or a stage that no process reports. */
interface Row {
  stage: string;
  reported: Stage | null;
}

export function Processes({ stages, missing }: { stages: readonly Stage[]; missing: readonly Shown[] }) {
  const rows: Row[] = [
    ...missing.map(({ stage }) => ({ stage, reported: null })),
    ...stages.map((reported) => ({ stage: reported.stage, reported })),
  ];
  return (
    <section aria-labelledby="processes">
      <h2 id="processes" className={classes.title}>
        Processes
      </h2>
      <Text size="sm" c="dimmed" mb="sm" maw={760}>
        Each stage in each process that runs it. Processes report every few seconds; one that is silent for
        two minutes is offline. An evaluator holds the rules in an index, which should be seconds old; a
        deliverer holds deliveries while it sends them, and leaves a target or a host alone whose circuit is
        open.
      </Text>
      {stages.length === 0 && missing.length === 0 ? (
        <EmptyState title="No process has reported yet" />
      ) : (
        <ItemTable
          label="Processes"
          items={rows}
          columns={COLUMNS}
          rowKey={({ stage, reported }) => `${stage} ${reported?.instance ?? ""}`}
        />
      )}
    </section>
  );
}

const COLUMNS: readonly Column<Row>[] = [
  {
    label: "Stage",
    onPhone: "title",
    width: 136,
    cell: ({ stage }) => (
      <Text span size="sm" fw={500}>
        {stageLabel(stage)}
      </Text>
    ),
  },
  {
    label: "Process",
    width: "16%",
    cell: ({ reported }) => (reported === null ? "–" : <OneLine text={reported.instance} mono />),
  },
  {
    label: "State",
    width: 130,
    onPhone: "beside",
    cell: ({ reported }) => <StatusBadge status={reported?.state ?? "silent"} />,
  },
  {
    label: "Last report",
    width: 108,
    onPhone: "whole",
    cell: ({ reported }) => (reported === null ? "never" : <TimeAgo at={reported.last_seen} />),
  },
  figure("Rate", ({ rate_per_s }) => rateText(rate_per_s), 112),
  figure(
    "Step p99",
    ({ step_times }) => (step_times.p99_ms === null ? "–" : duration(step_times.p99_ms)),
    90,
  ),
  figure("Errors", ({ errors }) => count(errors), 70),
  {
    label: "Holds now",
    onPhone: "line",
    cell: ({ reported }) => (reported === null ? "" : <Holds stage={reported} />),
  },
];

function figure(label: string, of: (stage: Stage) => string, width: number): Column<Row> {
  return {
    label,
    width,
    align: "right",
    onPhone: "figure",
    cell: ({ reported }) => <span className="tabular">{reported === null ? "–" : of(reported)}</span>,
  };
}

const GAUGES: Record<string, (value: number) => string> = {
  "rules-indexed": (value) => `${count(value)} ${value === 1 ? "rule" : "rules"} indexed`,
  "rules-age-ms": (value) => `checked ${duration(value)} ago`,
  "deliveries-held": (value) => `${count(value)} ${value === 1 ? "delivery" : "deliveries"} held`,
  "circuits-open": (value) => `${count(value)} ${value === 1 ? "circuit" : "circuits"} open`,
};

function Holds({ stage }: { stage: Stage }) {
  const held = Object.entries(stage.gauges).map(
    ([name, value]) => GAUGES[name]?.(value) ?? `${name} ${count(value)}`,
  );
  if (held.length === 0 && stage.last_error === null) return null;
  return (
    <span className={classes.holds}>
      {held.length > 0 && (
        <Text span size="sm" className="tabular">
          {held.join(", ")}
        </Text>
      )}
      {stage.last_error !== null && (
        <Text span size="xs" c={stage.state === "healthy" ? "dimmed" : "var(--mantine-color-error)"}>
          {"Latest error: "}
          <HostileText text={stage.last_error} chars={100} size="xs" />
        </Text>
      )}
    </span>
  );
}
