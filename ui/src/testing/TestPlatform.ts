import type { Platform } from "@/platform/platform";

type Answer = Response | object | null | undefined;
type Route = (request: Request, url: URL) => Answer | Promise<Answer>;

/**
 * A platform for component tests that answers what a test tells it to, and remembers what it was asked.
 *
 * ```ts
 * const platform = new TestPlatform({ "GET /api/v1/rules": () => ({ items: [], next_cursor: null }) });
 * ```
 * A path may hold `*` for one part of it. An object is answered as JSON; null as 204.
 */
export class TestPlatform implements Platform {
  readonly kind = "http";
  readonly routes: Record<string, Route>;
  readonly asked: { method: string; url: URL; headers: Headers; body: unknown }[] = [];

  constructor(routes: Record<string, Route>) {
    this.routes = routes;
  }

  async fetch(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const text = request.method === "GET" ? "" : await request.clone().text();
    this.asked.push({
      method: request.method,
      url,
      headers: request.headers,
      body: text === "" ? null : (JSON.parse(text) as unknown),
    });
    const route = this.#find(request.method, url.pathname);
    if (route === undefined)
      return problem(404, "not-found", `no test route for ${request.method} ${url.pathname}`);
    const answer = await route(request, url);
    if (answer instanceof Response) return answer;
    return answer == null ? new Response(null, { status: 204 }) : Response.json(answer);
  }

  #find(method: string, path: string): Route | undefined {
    const exact = this.routes[`${method} ${path}`];
    if (exact !== undefined) return exact;
    const parts = path.split("/");
    const fits = (pattern: string) => {
      const [ofMethod, ofPath = ""] = pattern.split(" ");
      const own = ofPath.split("/");
      return (
        ofMethod === method &&
        own.length === parts.length &&
        own.every((part, place) => part === "*" || part === parts[place])
      );
    };
    const found = Object.keys(this.routes).find(fits);
    return found === undefined ? undefined : this.routes[found];
  }
}

/** A refusal as the API makes them. */
export function problem(
  status: number,
  code: string,
  detail: string,
  more: { problems?: object[]; headers?: Record<string, string> } = {},
): Response {
  return Response.json(
    {
      type: `urn:alerting:problem:${code}`,
      title: code,
      status,
      code,
      detail,
      problems: more.problems ?? [],
      request_id: "req-1",
    },
    { status, headers: { "Content-Type": "application/problem+json", ...more.headers } },
  );
}
