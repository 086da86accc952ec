import { Text } from "@mantine/core";

import type { StageSummary } from "@/api/types";
import { Bars } from "@/shared/Bars";
import { count, duration } from "@/shared/figures";

import { ChartPanel } from "./ChartPanel";
import classes from "./stages.module.css";

/** How long steps took in the last minute, as two figures and as a histogram. */
export function StepTimes({ times }: { times: StageSummary["step_times"] }) {
  const most = Math.max(1, ...times.counts);
  const total = times.counts.reduce((sum, each) => sum + each, 0);
  const labelOf = (place: number) => {
    const upTo = times.up_to_ms[place];
    return upTo === undefined ? `over ${duration(times.up_to_ms.at(-1) ?? 0)}` : `up to ${duration(upTo)}`;
  };
  const isShown = (place: number) => {
    const used = times.counts.flatMap((each, at) => (each > 0 ? [at] : []));
    return place >= Math.min(...used) - 1 && place <= Math.max(...used) + 1;
  };
  return (
    <ChartPanel
      title="Step times"
      explains="From the records in hand to their work committed, over the last minute. p50: half of the steps took no longer; p99: all but one in a hundred."
    >
      <dl className={classes.figures}>
        <div>
          <dt>p50</dt>
          <dd className="tabular">{times.p50_ms === null ? "–" : duration(times.p50_ms)}</dd>
        </div>
        <div>
          <dt>p99</dt>
          <dd className="tabular">{times.p99_ms === null ? "–" : duration(times.p99_ms)}</dd>
        </div>
        <div>
          <dt>Steps</dt>
          <dd className="tabular">{count(total)}</dd>
        </div>
      </dl>
      {total === 0 ? (
        <Text size="sm" c="dimmed">
          Nothing was to be done in the last minute.
        </Text>
      ) : (
        <Bars
          label="Steps by how long they took"
          bars={times.counts
            .map((each, place) => ({
              id: labelOf(place),
              name: <span className="tabular">{labelOf(place)}</span>,
              share: (each * 100) / most,
              figure: count(each),
            }))
            .filter((_, place) => isShown(place))}
        />
      )}
    </ChartPanel>
  );
}
