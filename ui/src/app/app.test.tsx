import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { Platform, SignIn } from "@/platform/platform";
import { TestSimulation } from "@/pages/simulation/TestSimulation";
import { problem, TestPlatform } from "@/testing/TestPlatform";

import { App } from "./App";

/** A key that a test can look at. */
class TestKey implements SignIn {
  key: string | null = null;
  #changed: (() => void)[] = [];

  get hasKey(): boolean {
    return this.key !== null;
  }

  use(key: string): void {
    this.key = key;
    this.#tell();
  }

  forget(): void {
    this.key = null;
    this.#tell();
  }

  subscribe(changed: () => void): () => void {
    this.#changed.push(changed);
    return () => {
      this.#changed = this.#changed.filter((each) => each !== changed);
    };
  }

  #tell(): void {
    for (const changed of this.#changed) changed();
  }
}

const operator = {
  key_id: "k",
  name: "first key",
  client_id: null,
  is_operator: true,
  scopes: ["admin"],
  allowed: ["admin"],
};
const none = { items: [], next_cursor: null };

function makePlatform(me: object = operator): TestPlatform {
  return new TestPlatform({
    "GET /api/v1/me": (request) =>
      request.headers.get("Authorization") === "Bearer alk_wrong"
        ? problem(401, "unauthenticated", "unknown")
        : me,
    "GET /api/v1/clients": () => ({ ...none, items: [{ client_id: "acme", name: "Acme" }] }),
    "GET /api/v1/rules": () => none,
    "GET /api/v1/endpoints": () => none,
  });
}

function withKey(platform: TestPlatform, key: string | null = "alk_good"): Platform & { signIn: TestKey } {
  const signIn = new TestKey();
  signIn.key = key;
  return { kind: "http", signIn, fetch: (request) => platform.fetch(request) };
}

beforeEach(() => window.history.replaceState(null, "", "/nothing-here"));
afterEach(() => window.history.replaceState(null, "", "/"));

describe("the sign-in", () => {
  it("refuses a key that the platform does not know, and takes one that it knows", async () => {
    const platform = withKey(makePlatform(), null);
    render(<App platform={platform} />);
    const field = await screen.findByLabelText("API key");
    expect(field).toHaveFocus();
    await userEvent.type(field, "alk_wrong");
    await userEvent.click(screen.getByRole("button", { name: "Sign in" }));
    expect(await screen.findByText(/does not know this key/)).toBeVisible();
    expect(platform.signIn.key).toBeNull();
    await userEvent.clear(field);
    await userEvent.type(field, "  alk_good ");
    await userEvent.click(screen.getByRole("button", { name: "Sign in" }));
    expect(await screen.findByRole("navigation", { name: "Pages" })).toBeInTheDocument();
    expect(platform.signIn.key).toBe("alk_good");
    expect(window.location.href).not.toContain("alk_");
  });

  it("comes back when the key is dropped", async () => {
    const platform = withKey(makePlatform());
    render(<App platform={platform} />);
    await userEvent.click(await screen.findByRole("button", { name: "Account" }));
    await userEvent.click(await screen.findByRole("menuitem", { name: "Sign out" }));
    expect(await screen.findByLabelText("API key")).toBeVisible();
  });
});

describe("what surrounds the pages", () => {
  it("says of an address without a page that there is none, and names build and document", async () => {
    render(<App platform={withKey(makePlatform())} />);
    expect(await screen.findByRole("heading", { level: 1, name: "Page not found" })).toBeVisible();
    expect(screen.getByText("/nothing-here")).toBeVisible();
    expect(screen.getByTestId("build-stamp")).toHaveTextContent(/^Version \d+\.\d+\.\d+/);
    await waitFor(() => expect(document.title).toBe("Page not found · Alerting"));
  });

  it("moves focus to a page when it is shown, and marks it in the navigation", async () => {
    render(<App platform={withKey(makePlatform())} />);
    const pages = await screen.findByRole("navigation", { name: "Pages" });
    await userEvent.click(within(pages).getByRole("link", { name: "Rules", hidden: true }));
    expect(await screen.findByRole("heading", { level: 1, name: "Rules" })).toBeVisible();
    expect(within(pages).getByRole("link", { name: "Rules", hidden: true })).toHaveAttribute(
      "aria-current",
      "page",
    );
    expect(document.activeElement).toBe(document.getElementById("main"));
  });

  it("lets keyboards skip the navigation without leaving the page", async () => {
    render(<App platform={withKey(makePlatform())} />);
    await userEvent.click(await screen.findByRole("link", { name: "Skip to the page" }));
    expect(document.activeElement).toBe(document.getElementById("main"));
    expect(window.location.pathname).toBe("/nothing-here");
  });

  it("lets operators choose the client that is shown, in the address too", async () => {
    render(<App platform={withKey(makePlatform())} />);
    await userEvent.click(await screen.findByLabelText("Client that is shown", { selector: "input" }));
    await userEvent.click(await screen.findByText("acme · Acme"));
    expect(new URLSearchParams(window.location.search).get("client")).toBe("acme");
  });

  it("offers a client's key no other clients", async () => {
    const me = { ...operator, client_id: "acme", is_operator: false };
    render(<App platform={withKey(makePlatform(me))} />);
    await userEvent.click(await screen.findByRole("button", { name: "Account" }));
    expect(await screen.findByText("acme: first key")).toBeVisible();
    expect(screen.queryByLabelText("Client that is shown")).toBeNull();
  });

  it("has a page for the simulation only where there is one", async () => {
    const { unmount } = render(<App platform={withKey(makePlatform())} />);
    await screen.findByRole("navigation", { name: "Pages" });
    expect(screen.queryByRole("link", { name: "Simulation", hidden: true })).toBeNull();
    unmount();
    const platform = makePlatform();
    const simulated: Platform = {
      kind: "playground",
      fetch: (request) => platform.fetch(request),
      simulation: new TestSimulation(),
    };
    window.location.hash = "#/nothing-here";
    render(<App platform={simulated} />);
    expect(await screen.findByRole("link", { name: "Simulation", hidden: true })).toHaveAttribute(
      "href",
      expect.stringMatching(/#\/simulation$/),
    );
    expect(screen.queryByRole("button", { name: "Account" })).toBeNull();
  });

  it("remembers the colours that were chosen", async () => {
    render(<App platform={withKey(makePlatform())} />);
    await userEvent.click(await screen.findByRole("button", { name: "Colours" }));
    await userEvent.click(await screen.findByRole("menuitem", { name: "Dark" }));
    expect(document.documentElement).toHaveAttribute("data-mantine-color-scheme", "dark");
    expect(localStorage.getItem("alerting-color-scheme")).toBe("dark");
  });
});
