import { ActionIcon, Menu } from "@mantine/core";
import { IconDots, IconPlayerPause, IconRefresh, IconSkull } from "@tabler/icons-react";
import { memo } from "react";

import type { KillPoint, WorkerGroup, WorkerView } from "@/backend/session";
import { count } from "@/shared/figures";

import classes from "./picture.module.css";
import { distinct, useAct, useSimulated } from "./use-simulation";
import { KILLS, stateOf, WORKER_GROUPS } from "./words";

const select = {
  recorder: of("recorder"),
  evaluator: of("evaluator"),
  aggregator: of("aggregator"),
  sender: of("sender"),
  "rule-updater": of("rule-updater"),
} satisfies Record<WorkerGroup, unknown>;

function of(group: WorkerGroup) {
  return distinct((state) => state.snapshot.workers.filter((worker) => worker.worker_group === group));
}

export const PAUSE_MS = 6_000;
export const RESTART_MS = 2_000;

/** The workers of one group. */
export const WorkerGroupBox = memo(function WorkerGroupBox({ group }: { group: WorkerGroup }) {
  const workers = useSimulated(select[group]);
  const { name, does } = WORKER_GROUPS[group];
  return (
    <section className={classes.box} data-kind="workers" data-place={`workers/${group}`} aria-label={name}>
      <h3>{name}</h3>
      <p className={classes.note}>{does}</p>
      <ul className={classes.workers}>
        {workers.map((worker) => (
          <Worker key={worker.worker} worker={worker} />
        ))}
      </ul>
    </section>
  );
});

function Worker({ worker }: { worker: WorkerView }) {
  const { word, tone } = stateOf(worker);
  const owned = Object.values(worker.partitions).flat();
  const isAlive = worker.state !== "dead";
  return (
    <li className={classes.worker} data-tone={tone} data-place={worker.worker} aria-label={worker.worker}>
      <span className={classes.workerHead}>
        <b>{worker.worker}</b>
        <WorkerMenu worker={worker.worker} isAlive={isAlive} />
      </span>
      <span className={classes.state}>
        <span className={classes.dot} aria-hidden />
        {word}
        {worker.restart_in_ms !== null &&
          !isAlive &&
          `, back in ${(worker.restart_in_ms / 1_000).toFixed(0)} s`}
        {worker.batch > 0 && isAlive && ` · ${count(worker.batch)} in hand`}
      </span>
      {worker.pending_kill !== null && (
        <span className={classes.note} data-tone="bad">
          dies {KILLS[worker.pending_kill].label}
        </span>
      )}
      {owned.length > 0 && (
        <span className={classes.owned}>
          <span className="visually-hidden">Partitions </span>
          {owned.map((partition) => (
            <span key={partition}>{partition}</span>
          ))}
        </span>
      )}
      {worker.rules_version !== null && (
        <span className={classes.note}>rules: version {worker.rules_version}</span>
      )}
    </li>
  );
}

/** What can be done to one worker. */
const WorkerMenu = memo(function WorkerMenu({ worker, isAlive }: { worker: string; isAlive: boolean }) {
  const act = useAct();
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="sm" aria-label={`Actions of ${worker}`}>
          <IconDots size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {isAlive &&
          (Object.keys(KILLS) as KillPoint[]).map((when) => (
            <Menu.Item
              key={when}
              leftSection={<IconSkull size={15} aria-hidden />}
              onClick={() => act({ do: "kill", worker, when, restart_ms: RESTART_MS })}
            >
              {`Kill ${worker} ${KILLS[when].label}`}
            </Menu.Item>
          ))}
        {isAlive && (
          <Menu.Item
            leftSection={<IconPlayerPause size={15} aria-hidden />}
            onClick={() => act({ do: "pause", worker, for_ms: PAUSE_MS })}
          >
            {`Freeze ${worker} for ${PAUSE_MS / 1_000} s`}
          </Menu.Item>
        )}
        <Menu.Item
          leftSection={<IconRefresh size={15} aria-hidden />}
          onClick={() => act({ do: "restart", worker })}
        >
          {`Restart ${worker}`}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
});
