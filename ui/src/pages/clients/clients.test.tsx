import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";

import { renderIn } from "@/testing/render";
import { problem, TestPlatform } from "@/testing/TestPlatform";

import ClientsPage from ".";

const AT = "2026-01-02T03:04:05.678Z";
const ACME = { client_id: "acme/eu", name: "Acme Ltd.", created_at: AT, updated_at: AT };
const KEY = {
  key_id: "0f2a6c1e-51f4-4d3b-8a5c-6f0c5a7a9a11",
  client_id: "acme/eu",
  name: "prometheus",
  prefix: "alk_Zk3v9QbT",
  scopes: ["alerts:write"],
  created_at: AT,
  expires_at: null,
  revoked_at: null,
  last_used_at: null,
};

function me(clientId: string | null, allowed: string[]) {
  const key_id = "mine";
  return { key_id, name: "k", client_id: clientId, is_operator: clientId === null, scopes: allowed, allowed };
}

function page(items: object[], next_cursor: string | null = null) {
  return { items, next_cursor };
}

function makePlatform(more: ConstructorParameters<typeof TestPlatform>[0] = {}) {
  const platform = new TestPlatform({
    "GET /api/v1/me": () =>
      me(null, ["admin", "rules:read", "notifications:read", "alerts:write", "rules:write"]),
    "GET /api/v1/clients": () => page([ACME]),
    "GET /api/v1/clients/acme%2Feu": () => ACME,
    "GET /api/v1/keys": () => page([KEY]),
    "GET /api/v1/rules": () => page([{}, {}]),
    "GET /api/v1/endpoints": () => page([{}]),
    "GET /api/v1/notifications": () =>
      page(
        Array.from({ length: 100 }, () => ({})),
        "more",
      ),
    ...more,
  });
  const nothing = () => undefined;
  const signIn = { hasKey: true, use: nothing, forget: nothing, subscribe: () => nothing };
  return Object.assign(platform, { signIn });
}

test("a key is shown once, with a command that tries it", async () => {
  const user = userEvent.setup();
  const platform = makePlatform({
    "POST /api/v1/keys": () => ({ ...KEY, key: "alk_secret" }),
  });
  renderIn(<ClientsPage />, { platform, at: "/clients/acme%2Feu", path: "/clients/*" });
  await user.click(await screen.findByRole("button", { name: "New key" }));
  const form = await screen.findByRole("form", { name: "New key" });
  await user.type(within(form).getByLabelText(/Name/), "prometheus");
  await user.click(within(form).getByRole("button", { name: "Create key" }));

  const shown = await screen.findByRole("dialog", { name: "Copy the key now" });
  expect(within(shown).getByRole("status", { name: "Key" })).toHaveTextContent("alk_secret");
  expect(within(shown).getByText(/curl -s/)).toHaveTextContent("/api/v1/alerts");
  await user.keyboard("{Escape}");
  expect(shown).toBeInTheDocument();
  await user.click(within(shown).getByRole("button", { name: "I have stored it" }));
  await waitFor(() => expect(screen.queryByText("alk_secret")).not.toBeInTheDocument());

  const sent = platform.asked.find(({ method }) => method === "POST");
  expect(sent?.body).toMatchObject({ client_id: "acme/eu", name: "prometheus", scopes: ["alerts:write"] });
  expect(await screen.findByRole("table", { name: "API keys" })).not.toHaveTextContent("alk_secret");
});

test("the list of keys says when each was last used", async () => {
  const used = { ...KEY, key_id: "used", name: "in use", last_used_at: new Date(Date.now() - 7.5 * 60_000) };
  const platform = makePlatform({ "GET /api/v1/keys": () => page([used, KEY]) });
  renderIn(<ClientsPage />, { platform, at: "/clients/acme%2Feu", path: "/clients/*" });
  const table = await screen.findByRole("table", { name: "API keys" });
  expect(within(table).getByRole("row", { name: /in use/ })).toHaveTextContent("used 7 min. ago");
  expect(within(table).getByRole("row", { name: /prometheus/ })).toHaveTextContent("not used yet");
});

test("a client is deleted only when its id was typed, and what goes with it is said before", async () => {
  const user = userEvent.setup();
  const platform = makePlatform({ "DELETE /api/v1/clients/acme%2Feu": () => null });
  const { router } = renderIn(<ClientsPage />, { platform, at: "/clients/acme%2Feu", path: "/clients/*" });
  await user.click(await screen.findByRole("button", { name: "Delete" }));
  const goes = await screen.findByRole("list", { name: "What goes with it" });
  expect(goes).toHaveTextContent("2 rules");
  expect(goes).toHaveTextContent("100+ notifications");
  expect(screen.getByRole("button", { name: "Delete client" })).toBeDisabled();
  await user.type(screen.getByLabelText("Type the id of the client to confirm"), "acme/e");
  expect(screen.getByRole("button", { name: "Delete client" })).toBeDisabled();
  await user.keyboard("u{Enter}");
  await waitFor(() => expect(router.state.location.pathname).toBe("/clients"));
  expect(platform.asked.filter(({ method }) => method === "DELETE")).toHaveLength(1);
});

test("an id that is taken is said at its field", async () => {
  const user = userEvent.setup();
  const platform = makePlatform({
    "POST /api/v1/clients": () => problem(409, "conflict", "the client exists"),
  });
  renderIn(<ClientsPage />, { platform, at: "/clients", path: "/clients/*" });
  await user.click(await screen.findByRole("button", { name: "New client" }));
  await user.click(await screen.findByRole("button", { name: "Create client" }));
  expect(screen.getByLabelText(/^Id/)).toBeInvalid();
  await user.type(screen.getByLabelText(/^Id/), "acme/eu");
  await user.type(screen.getByLabelText(/^Name/), "Acme");
  await user.click(screen.getByRole("button", { name: "Create client" }));
  expect(await screen.findByText("There is a client with this id")).toBeInTheDocument();
});

test("a client's key without admin is offered neither keys nor changes", async () => {
  const platform = makePlatform({ "GET /api/v1/me": () => me("acme/eu", ["rules:read"]) });
  renderIn(<ClientsPage />, { platform, at: "/clients", path: "/clients/*" });
  expect(await screen.findByRole("link", { name: "acme/eu" })).toBeInTheDocument();
  expect(screen.queryByRole("tab", { name: "API keys" })).not.toBeInTheDocument();
  expect(screen.queryByRole("button", { name: "New client" })).not.toBeInTheDocument();
  expect(platform.asked.some(({ url }) => url.pathname === "/api/v1/keys")).toBe(false);
});
