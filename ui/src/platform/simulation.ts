import type { Action, Defaults, Scenario, Snapshot } from "./session";

/**
 * What the pages may do with a simulated platform, beyond its API.
 *
 * All times called `…_ms` are virtual: milliseconds since the simulation began.
 */
export interface SimulationControl {
  /** The usual scenario, and what settings may be. */
  readonly defaults: Defaults;

  /** The text of the shared link that was opened last, taken or refused; "" when something else was started since. */
  readonly link: string;

  /** Why the link that the page was opened with was not taken; null: it was, or there was none. */
  readonly refusal: string | null;

  /** What is the case now; the same object until something changes, as `useSyncExternalStore` wants it. */
  state(): SimulationState;

  /** Calls `changed` after every new state, a few times a second while it runs; returns how to end that. */
  subscribe(changed: () => void): () => void;

  play(): void;
  pause(): void;
  /** Goes on to the next thing that happens, and stands still there. */
  step(): void;
  /** Virtual seconds that should pass in one real second; what is reached is in the state. */
  setSpeed(speed: number): void;
  /** Stands still when that virtual time is reached, to the millisecond. Null: goes on. */
  stopAt(atMs: number | null): void;

  /** Starts anew: a scenario, or the text of a shared link; "" is the usual scenario. Rejects with a
   * `SimulationRefusal`, and what ran goes on then. `stopAtMs`: see `stopAt`. */
  start(scenario: Scenario | string, stopAtMs?: number | null): Promise<void>;
  /** Does one thing to the running platform: a fault, or a setting that may change while it runs. */
  act(action: Action): Promise<string>;
  /** Returns the scenario with everything that was done to it, as text for the fragment of a link. */
  share(): Promise<string>;
  /** Runs the conformance corpus in this browser; returns its digest. */
  conformance(): Promise<string>;
}

export interface SimulationState {
  readonly snapshot: Snapshot;
  /** The scenario that it began with, without what was done since. */
  readonly scenario: Scenario;
  /** Until when things of a loaded link still happen by themselves. */
  readonly replays_until_ms: number;
  readonly isPlaying: boolean;
  /** Virtual seconds for each real second: as asked, and as reached lately. */
  readonly speed: number;
  readonly speedReached: number;
}

/** Why a scenario or an action was not taken. */
export class SimulationRefusal extends Error {
  readonly code: string;
  readonly problems: readonly { path: string; code: string; detail: string }[];

  constructor(code: string, detail: string, problems: SimulationRefusal["problems"] = []) {
    super(detail);
    this.name = "SimulationRefusal";
    this.code = code;
    this.problems = problems;
  }
}
