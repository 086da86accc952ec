import { Anchor, Button, Group, Paper, Text } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef } from "react";
import { Link } from "react-router";

import { useApi } from "@/app/context";
import { explainPath } from "@/shared/alert-identity";
import { count } from "@/shared/figures";
import { toastError } from "@/shared/toasts";

import { SHARE_ID } from "./Share";
import { sendMatchingAlert } from "./send-alert";
import { RESTART_MS } from "./WorkerGroupBox";
import classes from "./tour.module.css";
import type { TourProgress } from "./tour-progress";
import { asError, distinct, useAct, useSimulated } from "./use-simulation";

const view = distinct(({ snapshot }) => ({
  kills: snapshot.totals.kills,
  lost: snapshot.checks.find((each) => each.check === "lost")?.count ?? 0,
  isFirst: snapshot.settings.commit_first,
  victim: snapshot.workers.find((each) => each.worker_group === "aggregator" && each.state === "running")
    ?.worker,
}));

interface Step {
  title: string;
  body: ReactNode;
  /** What came of it, once something did. */
  outcome: string | null;
}

/** Five steps through the platform; it stands in the page, and covers nothing. */
export function Tour({
  progress,
  onGo,
  onEnd,
}: {
  progress: TourProgress;
  onGo: (to: TourProgress) => void;
  onEnd: () => void;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  const before = useRef(progress.step);
  // Focus goes along with the steps, and is not taken by the first one.
  useEffect(() => {
    if (before.current !== progress.step) heading.current?.focus();
    before.current = progress.step;
  }, [progress.step]);
  const steps = useSteps(progress, onGo);
  const step = steps[progress.step];
  if (step === undefined) return null;
  const isLast = progress.step === steps.length - 1;
  return (
    <Paper p="md" component="section" aria-label="Guided tour" className={classes.tour}>
      <Group justify="space-between" gap="xs" wrap="nowrap" align="flex-start">
        <div>
          <Text size="xs" c="dimmed">{`Step ${progress.step + 1} of ${steps.length}`}</Text>
          <h2 ref={heading} tabIndex={-1} data-page-focus className={classes.title}>
            {step.title}
          </h2>
        </div>
        <Button size="compact-sm" variant="subtle" color="gray" onClick={onEnd}>
          Skip the tour
        </Button>
      </Group>
      <div className={classes.body}>{step.body}</div>
      <div className={classes.foot}>
        <div role="status" className={classes.outcome}>
          {step.outcome !== null && (
            <>
              <IconCheck size={16} aria-hidden /> {step.outcome}
            </>
          )}
        </div>
        <Group gap="xs">
          <Button
            size="xs"
            variant="default"
            disabled={progress.step === 0}
            onClick={() => onGo({ ...progress, step: progress.step - 1 })}
          >
            Back
          </Button>
          <Button
            size="xs"
            onClick={() => (isLast ? onEnd() : onGo({ ...progress, step: progress.step + 1 }))}
          >
            {isLast ? "End the tour" : "Next step"}
          </Button>
        </Group>
      </div>
    </Paper>
  );
}

function useSteps(progress: TourProgress, onGo: (to: TourProgress) => void): readonly Step[] {
  const api = useApi();
  const queries = useQueryClient();
  const act = useAct();
  const { kills, lost, isFirst, victim } = useSimulated(view);
  const { alert } = progress;
  const send = async () => {
    try {
      onGo({ ...progress, alert: await sendMatchingAlert(api) });
      void queries.invalidateQueries({ queryKey: ["alerts"] });
    } catch (error) {
      toastError(asError(error));
    }
  };
  const kill = (worker: string) => act({ do: "kill", worker, when: "before-commit", restart_ms: RESTART_MS });
  const killButton = victim !== undefined && (
    <Button size="xs" color="red" variant="light" onClick={() => kill(victim)}>
      {isFirst ? "Kill it between commit and work" : "Kill it between insert and commit"}
    </Button>
  );
  return [
    {
      title: "Send an alert",
      body: (
        <>
          <p>
            This is the whole platform, in this tab. Alerts come in at the left of the picture, are matched
            with the rules of clients, become notifications, and end at endpoints. Send one of your own, which
            a client wants.
          </p>
          <Button size="xs" variant="light" onClick={send}>
            Send an alert
          </Button>
        </>
      ),
      outcome: alert === null ? null : `Taken in: ${alert.what}`,
    },
    {
      title: "See why it matched",
      body: (
        <p>
          Each decision can be explained: which rule matched, field by field, and which ones did not.{" "}
          {alert === null ? (
            "Send an alert first, in the step before."
          ) : (
            <Anchor
              component={Link}
              to={explainPath({ alertId: alert.alertId, owner: "" }, alert.clientId)}
              inherit
            >
              Explain the alert that you sent
            </Anchor>
          )}
          . The tour waits here: come back with “Simulation” in the navigation.
        </p>
      ),
      outcome: null,
    },
    {
      title: "Kill the aggregator at the worst moment",
      body: (
        <>
          <p>
            It has stored a notification and has not yet committed that it did. Somebody else, or it itself
            when it is back, gets the same record again, finds the notification stored, and goes on: nothing
            is lost, and nobody is told twice.
          </p>
          {killButton}
        </>
      ),
      outcome: kills === 0 ? null : `Killed ${times(kills)}. Lost: ${count(lost)}`,
    },
    {
      title: "Now do it the wrong way round",
      body: (
        <>
          <p>
            Many consumers commit first and work afterwards. Switch that on, and kill the aggregator again:
            the work was only in its memory. “Lost” turns red and says which notification is gone.
          </p>
          <Group gap="xs">
            <Button
              size="xs"
              variant="light"
              onClick={() => act({ do: "set", settings: { commit_first: !isFirst } })}
            >
              {isFirst ? "Go back to working first" : "Let workers commit first"}
            </Button>
            {isFirst && killButton}
          </Group>
        </>
      ),
      outcome: lost === 0 ? null : `Lost: ${count(lost)}. With work first, this cannot happen`,
    },
    {
      title: "Share the run",
      body: (
        <>
          <p>
            A run follows from its seed, its settings and what was done to it. A link holds all three: whoever
            opens it sees the same run, number by number, what you broke included.
          </p>
          <Button size="xs" variant="light" onClick={() => document.getElementById(SHARE_ID)?.focus()}>
            Go to the button for that
          </Button>
        </>
      ),
      outcome: null,
    },
  ];
}

function times(number: number): string {
  return number === 1 ? "once" : `${count(number)} times`;
}
