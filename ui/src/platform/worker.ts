import type { Platform } from "./platform";
import type { SimulationControl } from "./simulation";
import type { AnswerMessage, FromWorker, RequestMessage } from "./worker-messages";

/** How long an answer may take. The simulation answers between two slices of its work, in milliseconds. */
const ANSWER_MS_MAX = 30_000;

interface Waiting {
  answered: (message: AnswerMessage) => void;
  failed: (error: Error) => void;
}

/** The platform that is simulated in a Web Worker of this page. */
export class WorkerPlatform implements Platform {
  readonly kind = "playground";
  readonly simulation: SimulationControl;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;

  constructor(worker: Worker, simulation: SimulationControl) {
    this.simulation = simulation;
    this.#worker = worker;
    worker.addEventListener("message", (event: MessageEvent<FromWorker>) => {
      this.#hear(event.data);
    });
    worker.addEventListener("error", (event) => {
      this.#failAll(new Error(event.message || "the simulation has stopped working"));
    });
  }

  async fetch(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const body = request.method === "GET" ? "" : await request.text();
    const message: RequestMessage = {
      type: "request",
      id: this.#next++,
      method: request.method,
      path: pathname + search,
      headers: Object.fromEntries(request.headers),
      body: body === "" ? null : body,
    };
    const answer = await this.#ask(message, request.signal);
    const empty = answer.status === 204 || answer.status === 304;
    return new Response(empty ? null : answer.body, { status: answer.status, headers: answer.headers });
  }

  #ask(message: RequestMessage, signal: AbortSignal): Promise<AnswerMessage> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        end(() => reject(new Error("the simulation did not answer")));
      }, ANSWER_MS_MAX);
      const end = (then: () => void) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", aborted);
        this.#waiting.delete(message.id);
        then();
      };
      const aborted = () => {
        end(() => reject(new DOMException("aborted", "AbortError")));
      };
      signal.addEventListener("abort", aborted);
      this.#waiting.set(message.id, {
        answered: (answer) => {
          end(() => resolve(answer));
        },
        failed: (error) => {
          end(() => reject(error));
        },
      });
      this.#worker.postMessage(message);
    });
  }

  #hear(message: FromWorker): void {
    if (message.type === "answer") this.#waiting.get(message.id)?.answered(message);
  }

  #failAll(error: Error): void {
    for (const waiting of [...this.#waiting.values()]) waiting.failed(error);
  }
}
