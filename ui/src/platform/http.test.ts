import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { HttpPlatform } from "./http";

const URL_OF_KEYS = "http://localhost/api/v1/keys";
let sent: Request[] = [];
let answers: Response[] = [];

beforeEach(() => {
  sent = [];
  answers = [];
  sessionStorage.clear();
  vi.stubGlobal("fetch", (request: Request) => {
    sent.push(request);
    return Promise.resolve(answers.shift() ?? Response.json({}));
  });
});

afterEach(() => vi.unstubAllGlobals());

describe("the platform behind HTTP", () => {
  it("sends the key as a bearer token, and never in an address", async () => {
    const platform = new HttpPlatform();
    platform.signIn.use("alk_1", true);
    await platform.fetch(new Request(URL_OF_KEYS));
    expect(sent[0]?.headers.get("Authorization")).toBe("Bearer alk_1");
    expect(sent[0]?.url).toBe(URL_OF_KEYS);
  });

  it("keeps a key for the tab only when asked to", () => {
    new HttpPlatform().signIn.use("alk_1", false);
    expect(new HttpPlatform().signIn.hasKey).toBe(false);
    new HttpPlatform().signIn.use("alk_1", true);
    expect(new HttpPlatform().signIn.hasKey).toBe(true);
    expect(localStorage.length).toBe(0);
  });

  it("forgets a key that the platform does not know any more, and says so", async () => {
    const platform = new HttpPlatform();
    platform.signIn.use("alk_1", true);
    const changed = vi.fn();
    platform.signIn.subscribe(changed);
    answers = [new Response(null, { status: 401 })];
    await platform.fetch(new Request(URL_OF_KEYS));
    expect(platform.signIn.hasKey).toBe(false);
    expect(sessionStorage.length).toBe(0);
    expect(changed).toHaveBeenCalledOnce();
  });

  it("tries the key of a request that has one, and keeps its own", async () => {
    const platform = new HttpPlatform();
    platform.signIn.use("alk_1", false);
    answers = [new Response(null, { status: 401 })];
    await platform.fetch(new Request(URL_OF_KEYS, { headers: { Authorization: "Bearer alk_2" } }));
    expect(sent[0]?.headers.get("Authorization")).toBe("Bearer alk_2");
    expect(platform.signIn.hasKey).toBe(true);
  });

  it("works where the browser has no storage", () => {
    vi.spyOn(window, "sessionStorage", "get").mockImplementation(() => {
      throw new DOMException("denied", "SecurityError");
    });
    const platform = new HttpPlatform();
    platform.signIn.use("alk_1", true);
    expect(platform.signIn.hasKey).toBe(true);
    platform.signIn.forget();
    expect(platform.signIn.hasKey).toBe(false);
  });
});
