import { ActionIcon, Anchor } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { useSyncExternalStore } from "react";
import { Link, useLocation } from "react-router";

import type { SimulationControl } from "@/platform/simulation";
import { duration, measure } from "@/shared/figures";

import { usePlatform } from "./context";
import classes from "./Shell.module.css";

/** On every page of a simulated platform, but for the one that has all of its controls: whether time passes there. */
export function SimulationBar() {
  const { simulation } = usePlatform();
  const { pathname } = useLocation();
  if (simulation === undefined || pathname.startsWith("/simulation")) return null;
  return <Bar simulation={simulation} />;
}

function Bar({ simulation }: { simulation: SimulationControl }) {
  const { snapshot, isPlaying, speedReached } = useSyncExternalStore(
    (changed) => simulation.subscribe(changed),
    () => simulation.state(),
  );
  const label = isPlaying ? "Pause the simulation" : "Play the simulation";
  return (
    <div className={classes.simulation} role="group" aria-label="Simulation">
      <ActionIcon
        variant="light"
        aria-label={label}
        onClick={() => (isPlaying ? simulation.pause() : simulation.play())}
      >
        {isPlaying ? <IconPlayerPause size={16} aria-hidden /> : <IconPlayerPlay size={16} aria-hidden />}
      </ActionIcon>
      <span className="tabular">Virtual time {duration(Math.floor(snapshot.at_ms / 100) * 100)}</span>
      <span className="tabular">{isPlaying ? `${measure(speedReached)}×` : "paused"}</span>
      <Anchor component={Link} to="/simulation" size="sm">
        Open the simulation
      </Anchor>
    </div>
  );
}
