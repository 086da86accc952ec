import { describe, expect, it } from "vitest";

import type { SimulationControl } from "./simulation";
import { WorkerPlatform } from "./worker";
import type { AnswerMessage, RequestMessage } from "./worker-messages";

/** A worker whose answers a test gives by hand. */
class FakeWorker extends EventTarget {
  readonly asked: RequestMessage[] = [];

  postMessage(message: RequestMessage): void {
    this.asked.push(message);
  }

  answer(id: number, status: number, body: string): void {
    const data: AnswerMessage = {
      type: "answer",
      id,
      status,
      headers: { "content-type": "text/plain" },
      body,
    };
    this.dispatchEvent(new MessageEvent("message", { data }));
  }
}

function make() {
  const worker = new FakeWorker();
  const platform = new WorkerPlatform(worker as unknown as Worker, {} as SimulationControl);
  return { worker, platform };
}

/** Requests read their bodies before they are posted. */
async function asked(worker: FakeWorker, count: number): Promise<void> {
  while (worker.asked.length < count) await Promise.resolve();
}

describe("the platform in a worker", () => {
  it("hands over method, path, headers and body, and makes a response of the answer", async () => {
    const { worker, platform } = make();
    const request = new Request("http://localhost/api/v1/rules?limit=5", {
      method: "POST",
      body: '{"a":1}',
      headers: { "X-One": "1" },
    });
    const response = platform.fetch(request);
    await asked(worker, 1);
    expect(worker.asked[0]).toMatchObject({ method: "POST", path: "/api/v1/rules?limit=5", body: '{"a":1}' });
    expect(worker.asked[0]?.headers["x-one"]).toBe("1");
    worker.answer(worker.asked[0]?.id ?? 0, 201, "made");
    expect((await response).status).toBe(201);
    expect(await (await response).text()).toBe("made");
  });

  it("gives each request its own answer, in whatever order they come", async () => {
    const { worker, platform } = make();
    const first = platform.fetch(new Request("http://localhost/one"));
    const second = platform.fetch(new Request("http://localhost/two"));
    await asked(worker, 2);
    for (const { id, path } of [...worker.asked].reverse()) worker.answer(id, 200, path);
    expect(await (await first).text()).toBe("/one");
    expect(await (await second).text()).toBe("/two");
  });

  it("takes an answer without a body", async () => {
    const { worker, platform } = make();
    const response = platform.fetch(new Request("http://localhost/one", { method: "DELETE" }));
    await asked(worker, 1);
    worker.answer(worker.asked[0]?.id ?? 0, 204, "");
    expect((await response).status).toBe(204);
  });

  it("ends a request that was aborted", async () => {
    const { worker, platform } = make();
    const abort = new AbortController();
    const response = platform.fetch(new Request("http://localhost/one", { signal: abort.signal }));
    await asked(worker, 1);
    abort.abort();
    await expect(response).rejects.toMatchObject({ name: "AbortError" });
  });

  it("ends all requests when the worker breaks", async () => {
    const { worker, platform } = make();
    const response = platform.fetch(new Request("http://localhost/one"));
    await asked(worker, 1);
    worker.dispatchEvent(new ErrorEvent("error", { message: "out of memory" }));
    await expect(response).rejects.toThrow("out of memory");
  });
});
