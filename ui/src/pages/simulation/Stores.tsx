import { memo } from "react";

import { count, duration } from "@/shared/figures";
import { OneLine } from "@/shared/HostileText";
import { capitalized } from "@/shared/words";

import classes from "./picture.module.css";
import { distinct, useSimulated } from "./use-simulation";
import { HOST_STATES } from "./words";

const HOSTS_SHOWN = 8;

const redis = distinct((state) => state.snapshot.redis);
const rulesAge = distinct((state) =>
  Math.max(0, ...state.snapshot.workers.map((worker) => worker.rules_age_ms ?? 0)),
);
const postgres = distinct((state) => state.snapshot.postgres);
const hosts = distinct((state) => ({
  // Those in trouble first.
  shown: [...state.snapshot.endpoints]
    .sort((a, b) => Number(a.state === "well") - Number(b.state === "well"))
    .slice(0, HOSTS_SHOWN),
  all: state.snapshot.endpoints.length,
}));

/** The snapshot of rules. */
export const RedisBox = memo(function RedisBox() {
  const view = useSimulated(redis);
  const age = useSimulated(rulesAge);
  const isAway = view.away_ms > 0;
  return (
    <section className={classes.box} data-kind="store" data-away={isAway || undefined} aria-label="Redis">
      <h3>Redis</h3>
      <p className={classes.note} data-tone={isAway || (view.is_used && !view.present) ? "bad" : undefined}>
        {!view.is_used
          ? "not used: evaluators read Postgres"
          : isAway
            ? `away for ${duration(view.away_ms)}`
            : view.present
              ? "the rules, ready for evaluators"
              : "empty: to be filled again"}
      </p>
      <dl className={classes.facts}>
        <Fact label="Version">{view.version === null ? "–" : count(view.version)}</Fact>
        <Fact label="Rules">{count(view.rules)}</Fact>
        <Fact label="Checked by evaluators">{age > 0 ? `${duration(age)} ago` : "–"}</Fact>
        <Fact label="To be published">{count(view.unpublished)}</Fact>
      </dl>
    </section>
  );
});

/** What is stored for good. */
export const PostgresBox = memo(function PostgresBox() {
  const view = useSimulated(postgres);
  const isAway = view.away_ms > 0;
  return (
    <section className={classes.box} data-kind="store" data-away={isAway || undefined} aria-label="Postgres">
      <h3>Postgres</h3>
      <p className={classes.note} data-tone={isAway ? "bad" : undefined}>
        {isAway
          ? `away for ${duration(view.away_ms)}`
          : `${count(view.rules)} rules of ${count(view.clients)} clients`}
      </p>
      <div className={classes.columns}>
        <Rows label="Notifications" rows={view.notifications} />
        <Rows label="Deliveries" rows={view.deliveries} />
      </div>
    </section>
  );
});

function Rows({ label, rows }: { label: string; rows: Record<string, number> }) {
  return (
    <div>
      <h4>{label}</h4>
      <dl className={classes.facts}>
        {Object.entries(rows).map(([status, number]) => (
          <Fact key={status} label={capitalized(status)} isFaint={number === 0}>
            {count(number)}
          </Fact>
        ))}
      </dl>
    </div>
  );
}

function Fact({ label, isFaint = false, children }: { label: string; isFaint?: boolean; children: string }) {
  return (
    <div data-faint={isFaint || undefined}>
      <dt>{label}</dt>
      <dd className="tabular">{children}</dd>
    </div>
  );
}

/** Who is told. */
export const EndpointsBox = memo(function EndpointsBox() {
  const { shown, all } = useSimulated(hosts);
  return (
    <section className={classes.box} data-kind="store" aria-label="Endpoints" data-place="endpoints">
      <h3>Endpoints</h3>
      <p className={classes.note}>{all === 0 ? "nobody was told yet" : `${count(all)} hosts were told`}</p>
      <ul className={classes.hosts}>
        {shown.map((host) => (
          <li key={host.host} data-place={`host/${host.host}`} data-state={host.state}>
            <OneLine text={host.host} />
            <span className="tabular">{count(host.accepted)}</span>
            {(host.state !== "well" || host.circuit !== "closed") && (
              <em>
                {[
                  host.state === "well" ? null : HOST_STATES[host.state],
                  host.circuit === "closed" ? null : `circuit ${host.circuit}`,
                ]
                  .filter((each) => each !== null)
                  .join(", ")}
              </em>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
});
