import type { Defaults } from "@/platform/session";

import { WorkerSimulation } from "./control";
import type { BootPhase, FromPlayground, ToWorker } from "./messages";

const SENTENCES: Record<BootPhase, string> = {
  python: "Loading Python into this tab",
  platform: "Loading the platform",
  scenario: "Starting the platform",
};

export interface Booted {
  worker: Worker;
  simulation: WorkerSimulation;
}

/** Starts the worker and waits until the platform in it runs; tells in words how far it is. */
export function boot(
  scenario: string,
  stopAtMs: number | null,
  tell: (sentence: string) => void,
): Promise<Booted> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  return new Promise((resolve, reject) => {
    let said: { defaults: Defaults; started: string; refusal: string | null } | undefined;
    const hear = (event: MessageEvent<FromPlayground>) => {
      const message = event.data;
      if (message.type === "booting") tell(SENTENCES[message.phase]);
      else if (message.type === "booted") said = message;
      else if (message.type === "failed") reject(new Error(message.why));
      else if (message.type === "simulation" && said !== undefined) {
        worker.removeEventListener("message", hear);
        const simulation = new WorkerSimulation(worker, {
          ...said,
          snapshot: message.snapshot,
          link: scenario,
        });
        resolve({ worker, simulation });
      }
    };
    worker.addEventListener("message", hear);
    worker.addEventListener("error", (event) => {
      reject(new Error(event.message || "the worker could not be started"));
    });
    const message: ToWorker = {
      type: "boot",
      base: new URL("./", document.baseURI).href,
      scenario,
      stopAtMs,
    };
    worker.postMessage(message);
  });
}
