import type { Advanced, ApiAnswer, Defaults, SessionError, Started } from "@/backend/session";
import type { RequestMessage } from "@/backend/worker-messages";

import type { FromPlayground, ToWorker } from "./messages";
import { Pacer } from "./pacer";
import { loadPython, type Python } from "./python";

/** How often pages get to see what is the case, while it changes. */
const SNAPSHOT_EVERY_MS = 200;

const say = (message: FromPlayground) => {
  self.postMessage(message);
};

/** The simulated platform in this worker: answers requests between slices of simulated time. */
class Platform {
  readonly #python: Python;
  readonly #pacer: Pacer;
  #shownAt = 0;
  #atMs = 0;
  #stopAtMs: number | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(python: Python) {
    this.#python = python;
    this.#pacer = new Pacer(
      (ms) => {
        this.#advance(ms);
      },
      () => performance.now(),
    );
  }

  /** Imports the API, now that a page is there to be looked at, and makes it ready to answer at once. */
  async loadApi(): Promise<void> {
    await this.#python.api;
    this.#python.call("load_api");
  }

  hear(message: Exclude<ToWorker, { type: "boot" }>): void {
    const obey = () => {
      this.#obey(message);
    };
    // What cannot be loaded Python says itself, to whoever asks for it.
    if (needsApi(message)) this.#python.api.then(obey, obey);
    else obey();
  }

  #obey(message: Exclude<ToWorker, { type: "boot" }>): void {
    switch (message.type) {
      case "request":
        this.#answer(message);
        break;
      case "call":
        say({ type: "called", id: message.id, text: this.#call(message) });
        this.show();
        break;
      case "pace":
        this.#setPace(message);
        break;
    }
  }

  /** Shows pages what is the case now. */
  show(): void {
    this.#shownAt = performance.now();
    const { isPlaying, speed, reached } = this.#pacer;
    say({ type: "simulation", snapshot: this.#python.call("snapshot"), pace: { isPlaying, speed, reached } });
  }

  play(isPlaying: boolean): void {
    this.#pacer.play(isPlaying);
    clearTimeout(this.#timer);
    if (isPlaying) this.#goOn(0);
  }

  /** Something was started: time is counted from its beginning. */
  begin(started: Started, stopAtMs: number | null, isPlaying: boolean): void {
    this.#atMs = started.at_ms;
    this.#stopAtMs = stopAtMs;
    this.play(isPlaying);
  }

  #advance(ms: number): void {
    const left = this.#stopAtMs === null ? ms : Math.max(0, this.#stopAtMs - this.#atMs);
    const told = JSON.parse(this.#python.call("advance", String(Math.min(ms, left)))) as Advanced;
    this.#atMs = told.at_ms;
    if (this.#stopAtMs === null || this.#atMs < this.#stopAtMs) return;
    this.#stopAtMs = null;
    this.#pacer.play(false);
    this.#shownAt = 0;
  }

  #call({ call: name, text, stopAtMs }: Extract<ToWorker, { type: "call" }>): string {
    const takesNothing = name === "share" || name === "conformance";
    const told = takesNothing ? this.#python.call(name) : this.#python.call(name, text);
    if (name === "start") {
      const started = JSON.parse(told) as Started | SessionError;
      // A link to a moment plays until there. What was refused has changed nothing.
      if (!("error" in started))
        this.begin(started, stopAtMs ?? null, this.#pacer.isPlaying || stopAtMs != null);
    }
    return told;
  }

  #answer({ id, method, path, headers, body }: RequestMessage): void {
    const told = this.#python.call("request", JSON.stringify({ method, path, headers, body }));
    const answer = JSON.parse(told) as ApiAnswer | SessionError;
    if ("error" in answer) {
      say({ type: "answer", id, ...asProblem(answer.error.detail) });
    } else {
      say({ type: "answer", id, status: answer.status, headers: answer.headers, body: answer.body });
    }
  }

  #setPace({ isPlaying, speed, step, stopAtMs }: Extract<ToWorker, { type: "pace" }>): void {
    if (stopAtMs !== undefined) this.#stopAtMs = stopAtMs;
    if (speed !== undefined) this.#pacer.speed = speed;
    if (isPlaying !== undefined) this.play(isPlaying);
    if (step === true) {
      this.play(false);
      this.#atMs = (JSON.parse(this.#python.call("step")) as Advanced).at_ms;
    }
    this.show();
  }

  #goOn(afterMs: number): void {
    this.#timer = setTimeout(() => {
      const nextMs = this.#pacer.slice();
      if (performance.now() - this.#shownAt >= SNAPSHOT_EVERY_MS) this.show();
      if (this.#pacer.isPlaying) this.#goOn(nextMs);
    }, afterMs);
  }
}

/** Requests, and scripts that may hold some. */
function needsApi(message: Exclude<ToWorker, { type: "boot" }>): boolean {
  return message.type === "request" || (message.type === "call" && ["start", "act"].includes(message.call));
}

/** A failure of the platform itself, told as its API would. */
function asProblem(detail: string) {
  const problem = {
    type: "about:blank",
    title: "Internal error",
    status: 500,
    code: "internal-error",
    detail,
  };
  return {
    status: 500,
    headers: { "content-type": "application/problem+json" },
    body: JSON.stringify(problem),
  };
}

async function boot(base: string, scenario: string, stopAtMs: number | null): Promise<Platform> {
  const python = await loadPython(base, (phase) => {
    say({ type: "booting", phase });
  });
  // A run that somebody shares may hold requests; the usual one does not, and is shown before the API is there.
  if (scenario !== "") await python.api;
  say({ type: "booting", phase: "scenario" });
  let started = python.call("start", scenario);
  const failed = JSON.parse(started) as Partial<SessionError>;
  const refusal = failed.error === undefined ? null : failed.error.detail;
  if (refusal !== null) started = python.call("start", "");
  const platform = new Platform(python);
  const defaults = JSON.parse(python.call("defaults")) as Defaults;
  say({ type: "booted", defaults, started, refusal });
  platform.show();
  platform.begin(JSON.parse(started) as Started, refusal === null ? stopAtMs : null, true);
  platform.loadApi().catch(() => undefined); // Told by the first call that needs it.
  return platform;
}

let booted: Promise<Platform> | undefined;

self.addEventListener("message", (event: MessageEvent<ToWorker>) => {
  const message = event.data;
  if (message.type === "boot") {
    booted = boot(message.base, message.scenario, message.stopAtMs);
    booted.catch((error: unknown) => {
      say({ type: "failed", why: error instanceof Error ? error.message : String(error) });
    });
  } else {
    void booted?.then((platform) => {
      platform.hear(message);
    });
  }
});
