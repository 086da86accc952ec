import { Button, Fieldset, NativeSelect, Stack, Text } from "@mantine/core";
import { useState } from "react";

import type { HostState, KillPoint, Topic } from "@/platform/session";

import { Named } from "./Named";
import classes from "./panels.module.css";
import { distinct, useAct, useSimulated } from "./use-simulation";
import { HOST_STATES, KILLS } from "./words";

const workersNow = distinct((state) =>
  state.snapshot.workers.map(({ worker, state: is }) => ({ worker, isAlive: is !== "dead" })),
);
const awayNow = distinct(({ snapshot }) => ({
  kafka: snapshot.kafka.away_ms > 0,
  redis: snapshot.redis.away_ms > 0,
  postgres: snapshot.postgres.away_ms > 0,
}));
const hostsNow = distinct((state) => state.snapshot.endpoints.map((host) => host.host).sort());
const machinesNow = distinct((state) => state.snapshot.machines);

const TOPICS: readonly Topic[] = ["alerts.new", "alerts.matched", "notifications.ready", "rule.changed"];
const SERVERS = [
  { of: "kafka", name: "Kafka" },
  { of: "redis", name: "Redis" },
  { of: "postgres", name: "Postgres" },
] as const;
const DUPLICATES = 20;
const LASTS = [2, 5, 10, 30, 120].map((seconds) => ({
  value: String(seconds * 1_000),
  label: seconds < 60 ? `${seconds} s` : `${seconds / 60} min`,
}));

/** What can be done to the platform, to see what it makes of it. */
export function FaultsPanel() {
  const [forMs, setForMs] = useState("5000");
  return (
    <Stack gap="md">
      <NativeSelect
        label="How long faults last, in virtual time"
        size="xs"
        w={230}
        value={forMs}
        onChange={(event) => setForMs(event.currentTarget.value)}
        data={LASTS}
      />
      <WorkerFaults forMs={Number(forMs)} />
      <ServerFaults forMs={Number(forMs)} />
      <RecordFaults forMs={Number(forMs)} />
      <EndpointFaults forMs={Number(forMs)} />
      <ClockFaults />
    </Stack>
  );
}

function WorkerFaults({ forMs }: { forMs: number }) {
  const act = useAct();
  const workers = useSimulated(workersNow);
  const [chosen, choose] = useState("aggregator-1");
  const [restart, setRestart] = useState("2000");
  const worker = workers.find((each) => each.worker === chosen) ?? workers[0];
  if (worker === undefined) return null;
  const name = worker.worker;
  const kill = (when: KillPoint) =>
    act({ do: "kill", worker: name, when, restart_ms: restart === "" ? null : Number(restart) });
  return (
    <Fieldset legend="Workers" className={classes.fieldset}>
      <div className={classes.fields}>
        <NativeSelect
          label="Worker"
          size="xs"
          value={name}
          onChange={(event) => choose(event.currentTarget.value)}
          data={workers.map((each) => each.worker)}
        />
        <NativeSelect
          label="Comes back after"
          size="xs"
          value={restart}
          onChange={(event) => setRestart(event.currentTarget.value)}
          data={[
            { value: "500", label: "0.5 s" },
            { value: "2000", label: "2 s" },
            { value: "10000", label: "10 s" },
            { value: "", label: "stays dead" },
          ]}
        />
      </div>
      <div className={classes.deeds} role="group" aria-label={`Faults of ${name}`}>
        {(Object.keys(KILLS) as KillPoint[]).map((when) => (
          <Button
            key={when}
            size="xs"
            variant="light"
            color="red"
            disabled={!worker.isAlive}
            title={KILLS[when].says}
            onClick={() => kill(when)}
          >
            <Named says={`Kill ${name} ${KILLS[when].label}`} shown={`Kill ${KILLS[when].label}`} />
          </Button>
        ))}
        <Deed
          says={`Freeze ${name} for ${forMs / 1_000} s`}
          shown="Freeze"
          disabled={!worker.isAlive}
          act={() => act({ do: "pause", worker: name, for_ms: forMs })}
        />
        <Deed says={`Restart ${name}`} shown="Restart" act={() => act({ do: "restart", worker: name })} />
      </div>
    </Fieldset>
  );
}

function ServerFaults({ forMs }: { forMs: number }) {
  const act = useAct();
  const away = useSimulated(awayNow);
  return (
    <Fieldset legend="Servers" className={classes.fieldset}>
      <div className={classes.server}>
        {SERVERS.map(({ of, name }) =>
          away[of] ? (
            <Deed key={of} says={`Bring ${name} back`} act={() => act({ do: "outage", of, for_ms: 0 })} />
          ) : (
            <Deed
              key={of}
              says={`Take ${name} away for ${forMs / 1_000} s`}
              shown={`Take ${name} away`}
              act={() => act({ do: "outage", of, for_ms: forMs })}
            />
          ),
        )}
        <Deed says="Empty Redis (FLUSHALL)" act={() => act({ do: "flush-redis" })} />
      </div>
    </Fieldset>
  );
}

function RecordFaults({ forMs }: { forMs: number }) {
  const act = useAct();
  const [topic, setTopic] = useState<Topic>("alerts.new");
  return (
    <Fieldset legend="Records" className={classes.fieldset}>
      <NativeSelect
        label="Topic"
        size="xs"
        w={200}
        value={topic}
        onChange={(event) => setTopic(event.currentTarget.value as Topic)}
        data={[...TOPICS]}
      />
      <div className={classes.deeds}>
        <Deed
          says={`Duplicate the last ${DUPLICATES} records of ${topic}`}
          shown={`Duplicate the last ${DUPLICATES}`}
          act={() => act({ do: "duplicate", topic, records: DUPLICATES })}
        />
        <Deed
          says={`Hold ${topic} back for ${forMs / 1_000} s`}
          shown="Hold back"
          act={() => act({ do: "delay", topic, partition: null, for_ms: forMs })}
        />
        <Deed
          says={`Write an unreadable record to ${topic}`}
          shown="Write an unreadable record"
          act={() => act({ do: "poison", topic })}
        />
      </div>
    </Fieldset>
  );
}

function EndpointFaults({ forMs }: { forMs: number }) {
  const act = useAct();
  const hosts = useSimulated(hostsNow);
  const [chosen, choose] = useState("");
  const [is, setIs] = useState<HostState>("down");
  const host = hosts.includes(chosen) ? chosen : hosts[0];
  return (
    <Fieldset legend="Endpoints" className={classes.fieldset}>
      {host === undefined ? (
        <Text size="xs" c="dimmed">
          Nobody was told yet: hosts appear here with their first message.
        </Text>
      ) : (
        <>
          <div className={classes.fields}>
            <NativeSelect
              label="Host"
              size="xs"
              value={host}
              onChange={(event) => choose(event.currentTarget.value)}
              data={hosts}
            />
            <NativeSelect
              label="Is"
              size="xs"
              value={is}
              onChange={(event) => setIs(event.currentTarget.value as HostState)}
              data={Object.entries(HOST_STATES).map(([value, label]) => ({ value, label }))}
            />
          </div>
          <div className={classes.deeds}>
            <Deed
              says={
                is === "well"
                  ? `Let ${host} be well`
                  : `Let ${host} be ${HOST_STATES[is]} for ${forMs / 1_000} s`
              }
              act={() => act({ do: "endpoint", host, state: is, for_ms: forMs })}
            />
          </div>
        </>
      )}
    </Fieldset>
  );
}

function ClockFaults() {
  const act = useAct();
  const machines = useSimulated(machinesNow);
  const [chosen, choose] = useState("");
  const machine = machines.find((each) => each.machine === chosen) ?? machines[0];
  if (machine === undefined) return null;
  const name = machine.machine;
  return (
    <Fieldset legend="Clocks" className={classes.fieldset}>
      <NativeSelect
        label="Machine"
        size="xs"
        w={230}
        value={name}
        onChange={(event) => choose(event.currentTarget.value)}
        data={machines.map((each) => ({
          value: each.machine,
          label: each.skew_ms === 0 ? each.machine : `${each.machine} (${skew(each.skew_ms)})`,
        }))}
      />
      <div className={classes.deeds}>
        {[-60, 60, 3_600].map((seconds) => (
          <Deed
            key={seconds}
            says={`Set the clock of ${name} ${seconds > 0 ? "on" : "back"} by ${Math.abs(seconds / 60)} min`}
            shown={`Set ${seconds > 0 ? "on" : "back"} by ${Math.abs(seconds / 60)} min`}
            act={() => act({ do: "clock", machine: name, by_ms: seconds * 1_000 })}
          />
        ))}
      </div>
    </Fieldset>
  );
}

function skew(ms: number): string {
  return `${ms > 0 ? "+" : "−"}${Math.abs(ms / 1_000)} s`;
}

/** A button that does one thing, with its whole meaning in its name. */
function Deed({
  says,
  shown = says,
  disabled = false,
  act,
}: {
  says: string;
  shown?: string;
  disabled?: boolean;
  act: () => unknown;
}) {
  return (
    <Button size="xs" variant="default" title={says} disabled={disabled} onClick={act}>
      <Named says={says} shown={shown} />
    </Button>
  );
}
