import type { ApiAnswer, Defaults, SessionError } from "@/backend/session";
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
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(python: Python) {
    this.#python = python;
    this.#pacer = new Pacer(
      (ms) => {
        python.call("advance", String(ms));
      },
      () => performance.now(),
    );
  }

  hear(message: Exclude<ToWorker, { type: "boot" }>): void {
    switch (message.type) {
      case "request":
        this.#answer(message);
        break;
      case "call":
        say({ type: "called", id: message.id, text: this.#call(message.call, message.text) });
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

  #call(name: "start" | "act" | "share" | "conformance", text: string): string {
    const takesNothing = name === "share" || name === "conformance";
    const told = takesNothing ? this.#python.call(name) : this.#python.call(name, text);
    if (name === "start") this.play(this.#pacer.isPlaying);
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

  #setPace({ isPlaying, speed, step }: Extract<ToWorker, { type: "pace" }>): void {
    if (speed !== undefined) this.#pacer.speed = speed;
    if (isPlaying !== undefined) this.play(isPlaying);
    if (step === true) {
      this.play(false);
      this.#python.call("step");
    }
    this.show();
  }

  #goOn(afterMs: number): void {
    this.#timer = setTimeout(() => {
      const nextMs = this.#pacer.slice();
      if (performance.now() - this.#shownAt >= SNAPSHOT_EVERY_MS) this.show();
      this.#goOn(nextMs);
    }, afterMs);
  }
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

async function boot(base: string, scenario: string): Promise<Platform> {
  const python = await loadPython(base, (phase) => {
    say({ type: "booting", phase });
  });
  say({ type: "booting", phase: "scenario" });
  let started = python.call("start", scenario);
  const failed = JSON.parse(started) as Partial<SessionError>;
  const refusal = failed.error === undefined ? null : failed.error.detail;
  if (refusal !== null) started = python.call("start", "");
  const platform = new Platform(python);
  const defaults = JSON.parse(python.call("defaults")) as Defaults;
  say({ type: "booted", defaults, started, refusal });
  platform.show();
  platform.play(true);
  return platform;
}

let booted: Promise<Platform> | undefined;

self.addEventListener("message", (event: MessageEvent<ToWorker>) => {
  const message = event.data;
  if (message.type === "boot") {
    booted = boot(message.base, message.scenario);
    booted.catch((error: unknown) => {
      say({ type: "failed", why: error instanceof Error ? error.message : String(error) });
    });
  } else {
    void booted?.then((platform) => {
      platform.hear(message);
    });
  }
});
