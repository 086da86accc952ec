import { Paper } from "@mantine/core";
import { IconAlertTriangle, IconCheck, IconClock, IconX } from "@tabler/icons-react";

import type { CheckView } from "@/platform/session";
import { count } from "@/shared/figures";
import { HostileText } from "@/shared/HostileText";

import classes from "./checks.module.css";
import { Story } from "./Story";
import { distinct, useSimulated } from "./use-simulation";
import { CHECKS, clock } from "./words";

const checks = distinct((state) => state.snapshot.checks);
const order = Object.keys(CHECKS);
const violations = distinct((state) => state.snapshot.violations);
/** What alone changes often enough not to be read out each time. */
const broken = distinct((state) =>
  state.snapshot.checks.filter((each) => each.status === "broken").map((each) => CHECKS[each.check].name),
);

/** The guarantees, as they stand now. */
export function Checks() {
  const views = [...useSimulated(checks)].sort((a, b) => order.indexOf(a.check) - order.indexOf(b.check));
  const isBroken = useSimulated(broken);
  return (
    <section aria-label="Live checks">
      <ul className={classes.checks}>
        {views.map((view) => (
          <Check key={view.check} view={view} />
        ))}
      </ul>
      <div role="status" className="visually-hidden">
        {isBroken.length === 0 ? "All guarantees hold" : `Broken: ${isBroken.join(", ")}`}
      </div>
      {isBroken.length > 0 && (
        <div className={classes.stories}>
          {views
            .filter((view) => view.status === "broken" && view.example !== null)
            .map((view) => (
              <Story key={view.check} view={view} />
            ))}
        </div>
      )}
      <Violations />
    </section>
  );
}

/** What else was broken, one by one. */
function Violations() {
  const latest = useSimulated(violations);
  if (latest.length < 2) return null;
  return (
    <details className={classes.violations}>
      <summary>{`The latest ${latest.length} violations, newest first`}</summary>
      <ol>
        {latest.map((each) => (
          <li key={each.n}>
            <span className="tabular">{clock(each.at_ms)}</span> <HostileText text={each.what} />
          </li>
        ))}
      </ol>
    </details>
  );
}

function Check({ view }: { view: CheckView }) {
  const { name, unit } = CHECKS[view.check];
  const look = lookOf(view);
  return (
    <Paper component="li" p="xs" className={classes.check} data-tone={look.tone} aria-label={name}>
      <span className={classes.name}>
        <look.icon size={14} stroke={2.2} aria-hidden />
        {name}
      </span>
      <span className={classes.number}>
        <b className="tabular">{count(look.number)}</b> {look.word}
      </span>
      <span className={classes.sentence}>{view.sentence}</span>
      <span className="visually-hidden">{unit}</span>
    </Paper>
  );
}

/** What is at risk, late or under way is no breach: it is said in another tone. */
function lookOf(view: CheckView) {
  const risk = (view.at_risk ?? 0) + (view.late ?? 0);
  if (view.status === "broken") return { tone: "bad", word: "broken", icon: IconX, number: view.count };
  if (view.check === "lost" && risk > 0)
    return { tone: "warning", word: `holds · ${count(risk)} at risk`, icon: IconAlertTriangle, number: 0 };
  if (risk > 0) return { tone: "warning", word: "late", icon: IconAlertTriangle, number: risk };
  if (view.status === "busy") return { tone: "busy", word: "under way", icon: IconClock, number: view.count };
  return { tone: "good", word: "holds", icon: IconCheck, number: view.count };
}
