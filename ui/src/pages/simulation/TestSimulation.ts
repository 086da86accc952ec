import type { Action, Defaults, Scenario, Snapshot } from "@/platform/session";
import { SimulationRefusal, type SimulationControl, type SimulationState } from "@/platform/simulation";
import { TestPlatform } from "@/testing/TestPlatform";

import recorded from "./recorded.json";

/** A simulation for component tests: shows a recorded snapshot, and remembers what it was told. */
export class TestSimulation implements SimulationControl {
  readonly defaults = recorded.defaults as unknown as Defaults;
  link = "";
  refusal: string | null = null;
  readonly told: unknown[] = [];
  /** Texts of links that it refuses. */
  readonly bad = new Set<string>();
  #state: SimulationState = {
    snapshot: recorded.snapshot as unknown as Snapshot,
    scenario: this.defaults.scenario,
    replays_until_ms: 0,
    isPlaying: true,
    speed: 1,
    speedReached: 1,
  };
  readonly #listeners = new Set<() => void>();

  state() {
    return this.#state;
  }

  subscribe(changed: () => void) {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  /** Lets the next state be another one. */
  become(state: Partial<SimulationState>, snapshot: Partial<Snapshot> = {}) {
    this.#state = { ...this.#state, ...state, snapshot: { ...this.#state.snapshot, ...snapshot } };
    for (const changed of this.#listeners) changed();
  }

  play() {
    this.told.push("play");
    this.become({ isPlaying: true });
  }

  pause() {
    this.told.push("pause");
    this.become({ isPlaying: false });
  }

  step() {
    this.told.push("step");
  }

  setSpeed(speed: number) {
    this.told.push({ speed });
    this.become({ speed });
  }

  stopAt(atMs: number | null) {
    this.told.push({ stopAt: atMs });
  }

  start(scenario: Scenario | string, stopAtMs: number | null = null): Promise<void> {
    this.told.push({ start: scenario, stopAtMs });
    this.link = typeof scenario === "string" ? scenario : "";
    if (this.bad.has(this.link)) {
      return Promise.reject(new SimulationRefusal("bad-scenario", "the link is damaged"));
    }
    this.become({}, { generation: this.#state.snapshot.generation + 1 });
    return Promise.resolve();
  }

  act(action: Action): Promise<string> {
    this.told.push(action);
    return Promise.resolve("done");
  }

  share(): Promise<string> {
    return Promise.resolve("eNp-shared");
  }

  conformance(): Promise<string> {
    return Promise.resolve("");
  }
}

export function simulated(
  simulation: SimulationControl,
  routes: ConstructorParameters<typeof TestPlatform>[0] = {},
) {
  return Object.assign(new TestPlatform(routes), { simulation });
}
