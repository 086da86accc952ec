import type { Acted, Action, Defaults, Scenario, SessionError, Snapshot, Started } from "@/platform/session";
import { SimulationRefusal, type SimulationControl, type SimulationState } from "@/platform/simulation";

import type { Call, FromPlayground, Pace, ToWorker } from "./messages";

interface Waiting {
  resolve: (text: string) => void;
  reject: (error: Error) => void;
}

const STANDING: Pace = { isPlaying: true, speed: 1, reached: 0 };

/** The simulation in the worker, as the pages see it. */
export class WorkerSimulation implements SimulationControl {
  readonly defaults: Defaults;
  readonly refusal: string | null;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Set<() => void>();
  #next = 1;
  #started: Started;
  #text = "";
  #pace: Pace = STANDING;
  #link: string;
  #state: SimulationState | undefined;

  /** Made when the worker has booted; `snapshot` is the first one, as JSON text. */
  constructor(
    worker: Worker,
    booted: { defaults: Defaults; started: string; snapshot: string; link: string; refusal: string | null },
  ) {
    this.#worker = worker;
    this.#link = booted.link;
    this.defaults = booted.defaults;
    this.refusal = booted.refusal;
    this.#started = JSON.parse(booted.started) as Started;
    this.#text = booted.snapshot;
    worker.addEventListener("message", (event: MessageEvent<FromPlayground>) => {
      this.#hear(event.data);
    });
  }

  get link(): string {
    return this.#link;
  }

  state(): SimulationState {
    // Read when somebody looks: most pages do not.
    this.#state ??= {
      snapshot: JSON.parse(this.#text) as Snapshot,
      scenario: this.#started.scenario,
      replays_until_ms: this.#started.replays_until_ms,
      isPlaying: this.#pace.isPlaying,
      speed: this.#pace.speed,
      speedReached: this.#pace.reached,
    };
    return this.#state;
  }

  subscribe(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  play(): void {
    this.#say({ type: "pace", isPlaying: true });
  }

  pause(): void {
    this.#say({ type: "pace", isPlaying: false });
  }

  step(): void {
    this.#say({ type: "pace", step: true });
  }

  setSpeed(speed: number): void {
    this.#say({ type: "pace", speed });
  }

  stopAt(atMs: number | null): void {
    this.#say({ type: "pace", stopAtMs: atMs });
  }

  async start(scenario: Scenario | string, stopAtMs: number | null = null): Promise<void> {
    const text = typeof scenario === "string" ? scenario : JSON.stringify(scenario);
    this.#link = typeof scenario === "string" ? scenario : "";
    this.#started = accepted(await this.#call("start", text, stopAtMs)) as Started;
    this.#changed();
  }

  async act(action: Action): Promise<string> {
    const acted = accepted(await this.#call("act", JSON.stringify(action))) as Acted;
    if (acted.forked) {
      this.#started = { ...this.#started, replays_until_ms: acted.at_ms };
      this.#changed();
    }
    return acted.detail;
  }

  async share(): Promise<string> {
    return (accepted(await this.#call("share")) as { text: string }).text;
  }

  async conformance(): Promise<string> {
    return (accepted(await this.#call("conformance")) as { digest: string }).digest;
  }

  #call(call: Call, text = "", stopAtMs: number | null = null): Promise<string> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#say({ type: "call", id, call, text, stopAtMs });
    });
  }

  #say(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #hear(message: FromPlayground): void {
    if (message.type === "called") {
      this.#waiting.get(message.id)?.resolve(message.text);
      this.#waiting.delete(message.id);
    } else if (message.type === "simulation") {
      this.#text = message.snapshot;
      this.#pace = message.pace;
      this.#changed();
    }
  }

  #changed(): void {
    this.#state = undefined;
    for (const changed of this.#listeners) changed();
  }
}

/** Parses what a call answered; throws what it refused. */
function accepted(text: string): unknown {
  const value = JSON.parse(text) as Partial<SessionError>;
  if (value.error === undefined) return value;
  throw new SimulationRefusal(value.error.code, value.error.detail, value.error.problems);
}
