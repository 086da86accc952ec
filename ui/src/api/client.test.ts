import { describe, expect, it } from "vitest";

import { problem, TestPlatform } from "@/testing/TestPlatform";

import { ask, ifMatch, makeApi, newIdempotencyKey, perform } from "./client";
import { ProblemError, VersionConflictError } from "./problem";

async function errorOf(failing: Promise<unknown>): Promise<ProblemError> {
  const error: unknown = await failing.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ProblemError)) throw new Error(`no ProblemError but ${String(error)}`);
  return error;
}

describe("the client of the API", () => {
  it("asks with the query that was given, and returns the data", async () => {
    const platform = new TestPlatform({ "GET /api/v1/rules": () => ({ items: [], next_cursor: null }) });
    const query = { client_id: "a&b", limit: 5 };
    const page = await ask(makeApi(platform).GET("/api/v1/rules", { params: { query } }));
    expect(page).toEqual({ items: [], next_cursor: null });
    expect(platform.asked[0]?.url.searchParams.get("client_id")).toBe("a&b");
  });

  it("makes an error of a refusal, with all that it says", async () => {
    const problems = [{ path: "source", code: "empty", detail: "must not be empty" }];
    const refuse = () => problem(422, "invalid-input", "the request has problems", { problems });
    const api = makeApi(new TestPlatform({ "GET /api/v1/keys": refuse }));
    const error = await errorOf(ask(api.GET("/api/v1/keys")));
    expect(error).toMatchObject({
      code: "invalid-input",
      status: 422,
      requestId: "req-1",
      isRetryable: false,
    });
    expect(error.at("source")).toBe("must not be empty");
    expect(error.at("name")).toBeUndefined();
  });

  it("tells a version conflict from other refusals, and knows the present ETag", async () => {
    const refuse = () => problem(412, "version-conflict", "it is at 4", { headers: { ETag: '"4"' } });
    const platform = new TestPlatform({ "DELETE /api/v1/rules/*": refuse });
    const params = { path: { rule_id: "r1" }, header: ifMatch({ version: 3 }) };
    const error = await errorOf(perform(makeApi(platform).DELETE("/api/v1/rules/{rule_id}", { params })));
    expect(error).toBeInstanceOf(VersionConflictError);
    expect(error).toMatchObject({ currentEtag: '"4"' });
    expect(platform.asked[0]?.headers.get("If-Match")).toBe('"3"');
  });

  it("says of a platform that does not answer that it is not reachable, and that one may try again", async () => {
    const platform = new TestPlatform({
      "GET /api/v1/keys": () => {
        throw new TypeError("Failed to fetch");
      },
    });
    const error = await errorOf(ask(makeApi(platform).GET("/api/v1/keys")));
    expect(error).toMatchObject({ code: "unreachable", status: 0, isRetryable: true });
  });

  it("takes the page of a proxy for no answer of the API", async () => {
    const page = (status: number) => () => new Response("<h1>proxy</h1>", { status });
    for (const [status, code] of [
      [200, "no-json"],
      [502, "unexpected-status"],
    ] as const) {
      const api = makeApi(new TestPlatform({ "GET /api/v1/keys": page(status) }));
      expect(await errorOf(ask(api.GET("/api/v1/keys")))).toMatchObject({ code });
    }
  });

  it("waits as long as the platform asks", async () => {
    const refuse = () => problem(503, "unavailable", "postgres is away", { headers: { "Retry-After": "7" } });
    const api = makeApi(new TestPlatform({ "GET /api/v1/keys": refuse }));
    expect(await errorOf(ask(api.GET("/api/v1/keys")))).toMatchObject({ retryAfterS: 7, isRetryable: true });
  });

  it("gives every POST an Idempotency-Key of its own, unless it has one", async () => {
    const platform = new TestPlatform({ "POST /api/v1/clients": () => ({}) });
    const api = makeApi(platform);
    const body = { client_id: "acme", name: "Acme" };
    await ask(api.POST("/api/v1/clients", { body }));
    await ask(api.POST("/api/v1/clients", { body }));
    await ask(api.POST("/api/v1/clients", { body, params: { header: { "Idempotency-Key": "mine" } } }));
    const sent = platform.asked.map(({ headers }) => headers.get("Idempotency-Key"));
    expect(new Set(sent).size).toBe(3);
    expect(sent[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(sent[2]).toBe("mine");
    expect(newIdempotencyKey()).not.toBe(newIdempotencyKey());
  });
});
