import createClient, { type Client as OpenApiClient, type Middleware } from "openapi-fetch";

import type { Platform } from "@/platform/platform";

import { ProblemError, problemOf, unreachable } from "./problem";
import type { paths } from "./schema";

/** The API with its types: `await ask(api.GET("/api/v1/rules", { params: { query } }))`. */
export type Api = OpenApiClient<paths>;

/** Makes a key under which the platform does a thing once, however often it is asked to. */
export function newIdempotencyKey(): string {
  // Not `crypto.randomUUID`: it is missing where the page came over plain HTTP from another machine.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}

/** Every POST has a key; who repeats one after a failure gives its own, and the same each time. */
const onceOnly: Middleware = {
  onRequest({ request }) {
    if (request.method === "POST" && !request.headers.has("Idempotency-Key")) {
      request.headers.set("Idempotency-Key", newIdempotencyKey());
    }
    return request;
  },
};

export function makeApi(platform: Platform): Api {
  const api = createClient<paths>({
    baseUrl: globalThis.location.origin,
    fetch: async (request) => {
      try {
        return await platform.fetch(request);
      } catch (error) {
        if (error instanceof DOMException && error.name === "AbortError") throw error;
        throw unreachable(error);
      }
    },
  });
  api.use(onceOnly);
  return api;
}

interface Answer<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/**
 * Returns the data of an answer.
 *
 * @throws ProblemError for a refusal, or when no answer came; VersionConflictError for 412.
 */
export async function ask<Data>(answered: Promise<Answer<Data>>): Promise<NonNullable<Data>> {
  const { data, error, response } = await readable(answered);
  if (!response.ok) throw problemOf(response, error);
  return data as NonNullable<Data>;
}

/** The same for operations that answer 204. */
export async function perform(answered: Promise<Answer<unknown>>): Promise<void> {
  const { error, response } = await readable(answered);
  if (!response.ok) throw problemOf(response, error);
}

/** The header that lets a change happen only to the version that was seen: `params: { header: ifMatch(rule) }`. */
export function ifMatch(seen: { version: number }): { "If-Match": string } {
  return { "If-Match": `"${seen.version}"` };
}

/** A proxy may answer 200 with a page of its own. */
async function readable<Data>(answered: Promise<Answer<Data>>): Promise<Answer<Data>> {
  try {
    return await answered;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const detail =
      "The answer is no JSON: something between this page and the platform has answered in its place.";
    throw new ProblemError({ code: "no-json", title: "Unexpected answer", detail, status: 0 });
  }
}
