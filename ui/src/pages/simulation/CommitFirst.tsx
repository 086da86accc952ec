import { Alert, Button, Group, Paper, Switch, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";

import classes from "./page.module.css";
import { RESTART_MS } from "./WorkerGroupBox";
import { distinct, useAct, useControl, useSimulated } from "./use-simulation";

const view = distinct((state) => ({
  isFirst: state.snapshot.settings.commit_first,
  victim: state.snapshot.workers.find(
    (each) => each.worker_group === "aggregator" && each.state === "running",
  )?.worker,
  lost: state.snapshot.checks.find((each) => each.check === "lost")?.status === "broken",
}));

/** The guarantee switched off, to see what it is good for. */
export function CommitFirst() {
  const act = useAct();
  const control = useControl();
  const { isFirst, victim, lost } = useSimulated(view);
  const restart = () => {
    const { scenario, snapshot } = control.state();
    void control.start({ ...scenario, settings: { ...snapshot.settings, commit_first: false }, script: [] });
  };
  return (
    <Paper p="md" component="section" aria-label="Order of work and commit">
      <Switch
        label="Commit first, then work"
        description="Switches the guarantee off. Usually every worker commits its offsets after its work is stored."
        checked={isFirst}
        onChange={(event) => void act({ do: "set", settings: { commit_first: event.currentTarget.checked } })}
      />
      {isFirst && (
        <Alert
          mt="sm"
          color="yellow"
          classNames={{ title: classes.warning }}
          icon={<IconAlertTriangle size={18} aria-hidden />}
          title="Alerts can get lost now"
        >
          <Text size="sm">
            Workers say that a record is done before it is. Nothing goes wrong for as long as all of them
            live. When one dies, what it had in hand is never done by anybody: kill an aggregator, and watch
            “Lost”.
          </Text>
          <Group gap="xs" mt="xs">
            {victim !== undefined && (
              <Button
                size="xs"
                color="red"
                onClick={() =>
                  act({ do: "kill", worker: victim, when: "before-commit", restart_ms: RESTART_MS })
                }
              >
                {`Kill ${victim} while it works`}
              </Button>
            )}
            <Button
              size="xs"
              variant="default"
              onClick={() => act({ do: "set", settings: { commit_first: false } })}
            >
              Work first again
            </Button>
          </Group>
        </Alert>
      )}
      {!isFirst && lost && (
        <Alert mt="sm" color="gray" title="What was lost stays lost">
          <Text size="sm">
            From now on nothing more gets lost. What is gone is gone: start anew to see the checks at zero
            again.
          </Text>
          <Button size="xs" mt="xs" variant="default" onClick={restart}>
            Start anew, work first
          </Button>
        </Alert>
      )}
    </Paper>
  );
}
