import { Button, NativeSelect, Paper } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay, IconPlayerSkipForward } from "@tabler/icons-react";

import { count, measure } from "@/shared/figures";

import classes from "./transport.module.css";
import { useControl, useSimulated, useSimulation } from "./use-simulation";
import { clock } from "./words";

const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 50];
/** More than any machine reaches. */
const MAX = 1_000;

/** Time of the simulation: whether it passes, how fast, and how far it is. */
export function Transport() {
  const control = useControl();
  const isPlaying = useSimulated((state) => state.isPlaying);
  const speed = useSimulated((state) => state.speed);
  return (
    <Paper p="xs" className={classes.bar} component="section" aria-label="Time">
      <div className={classes.buttons}>
        <Button
          onClick={() => (isPlaying ? control.pause() : control.play())}
          leftSection={
            isPlaying ? <IconPlayerPause size={16} aria-hidden /> : <IconPlayerPlay size={16} aria-hidden />
          }
        >
          {isPlaying ? "Pause" : "Play"}
        </Button>
        <Button
          variant="default"
          onClick={() => control.step()}
          leftSection={<IconPlayerSkipForward size={16} aria-hidden />}
          title="To the next thing that happens"
        >
          Step
        </Button>
        <NativeSelect
          aria-label="Speed"
          value={String(speed)}
          onChange={(event) => control.setSpeed(Number(event.currentTarget.value))}
          data={[
            ...SPEEDS.map((each) => ({ value: String(each), label: `${each}×` })),
            { value: String(MAX), label: "Max" },
          ]}
          w={84}
        />
      </div>
      <Figures />
    </Paper>
  );
}

function Figures() {
  const { snapshot, isPlaying, speed, speedReached } = useSimulation();
  const isSlower = isPlaying && speedReached > 0 && speedReached < speed * 0.9;
  return (
    <dl className={classes.figures}>
      <Figure label="Virtual time">{clock(snapshot.at_ms)}</Figure>
      <Figure label="Speed reached" tone={isSlower && speed < MAX ? "warning" : undefined}>
        {isPlaying ? `${measure(speedReached)}×` : "paused"}
      </Figure>
      <Figure label="Alerts">{count(snapshot.totals.alerts)}</Figure>
      <Figure label="Notifications">{count(snapshot.totals.notifications)}</Figure>
      <Figure label="Delivered">{count(snapshot.totals.delivered)}</Figure>
      <Figure label="Kills">{count(snapshot.totals.kills)}</Figure>
    </dl>
  );
}

function Figure({ label, tone, children }: { label: string; tone?: "warning"; children: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd data-tone={tone} className="tabular">
        {children}
      </dd>
    </div>
  );
}
