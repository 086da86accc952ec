/**
 * What the pages may do with a simulated platform, beyond its API.
 *
 * All times called `…ms` are virtual: milliseconds since the simulation began.
 */
export interface SimulationControl {
  /** What is the case now; the same object until something changes, as `useSyncExternalStore` wants it. */
  snapshot(): SimulationSnapshot;

  /** Calls `changed` after every new snapshot, a few times a second while it runs; returns how to end that. */
  subscribe(changed: () => void): () => void;

  play(): void;
  pause(): void;
  /** Goes on to the next thing that happens, and stands still there. */
  step(): void;
  /** Virtual seconds that pass in one real second. */
  setSpeed(speed: number): void;

  /** Starts anew, with the settings of a scenario; rejects with all that is wrong with it. */
  start(scenario: unknown): Promise<void>;
  /** Does one thing to the running platform: a fault, or a setting that may change while it runs. */
  act(action: unknown): Promise<void>;
  /** Returns the scenario with everything that was done to it, as text for the fragment of a link. */
  share(): Promise<string>;
}

export interface SimulationSnapshot {
  readonly at_ms: number;
  readonly isPlaying: boolean;
  readonly speed: number;
}
