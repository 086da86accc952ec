import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";

import { accepted, ALERT, DETAIL, makePlatform, MATCHED, PATH, rule, show } from "./test-alert";

const OF_CLIENT = {
  name: "oncall",
  key_id: "k",
  is_operator: false,
  client_id: "acme",
  scopes: ["alerts:write", "alerts:read", "notifications:read", "rules:read"],
  allowed: ["alerts:write", "alerts:read", "notifications:read", "rules:read"],
};

test("alerts of one id are three, each with its owner and its own link", async () => {
  const alerts = [null, "acme", "globex"].map((clientId) => ({ ...ALERT, client_id: clientId }));
  show(makePlatform([], { "GET /api/v1/alerts": () => ({ items: alerts, next_cursor: null }) }), "/explain");
  const table = await screen.findByRole("table", { name: "Recent alerts" });
  const links = within(table).getAllByRole("link");
  expect(links.map((link) => link.getAttribute("href"))).toEqual([
    "/explain?alert=order%2F4711&owner=",
    "/explain?alert=order%2F4711&owner=acme",
    "/explain?alert=order%2F4711&owner=globex",
  ]);
  for (const owner of ["Shared", "Private to acme", "Private to globex"]) {
    expect(within(table).getByRole("cell", { name: owner })).toBeVisible();
    expect(within(table).getByRole("link", { name: new RegExp(`, ${owner}$`) })).toBeVisible();
  }
});

test("the private alert of an address is read, explained and followed, and no other of its id", async () => {
  const made = (id: string, isPrivate: boolean) => ({
    notification_id: id,
    client_id: "acme",
    private: isPrivate,
    status: "SENT",
  });
  const platform = makePlatform([MATCHED], {
    [`GET ${PATH}`]: (_, url) => ({ ...DETAIL, client_id: url.searchParams.get("owner") }),
    "GET /api/v1/notifications": () => ({
      items: [made("of-shared", false), made("of-private", true)],
      next_cursor: null,
    }),
  });
  show(platform, "/explain?alert=order%2F4711&owner=acme&client=acme");
  expect(await screen.findByRole("link", { name: "Show the notification" })).toHaveAttribute(
    "href",
    "/notifications/of-private",
  );
  expect(screen.getByRole("region", { name: "Alert" })).toHaveTextContent("Private to acme");
  const asked = platform.asked.filter(({ url }) => url.pathname.startsWith(PATH));
  expect(asked.map(({ url }) => url.searchParams.get("owner"))).toEqual(["acme", "acme"]);
});

test("to another client, a private alert is explained as such, and notified nobody", async () => {
  const others = rule("others", {
    findings: [
      { reason: "owner-differs", field: "client_id", expected: "acme", actual: "globex", detail: "private" },
    ],
  });
  const own = { notification_id: "own", client_id: "acme", private: true, status: "SENT" };
  const platform = makePlatform([others], {
    [`GET ${PATH}`]: () => ({ ...DETAIL, client_id: "globex" }),
    "GET /api/v1/notifications": () => ({ items: [own], next_cursor: null }),
  });
  show(platform, "/explain?alert=order%2F4711&owner=globex&client=acme");
  const outcome = await screen.findByRole("region", { name: "What became of it" });
  expect(outcome).toHaveTextContent("It did not notify acme");
  const near = screen.getByRole("region", { name: "Near misses" });
  expect(within(near).getByRole("listitem")).toHaveAccessibleName(
    "Would match, but the alert is private to another client",
  );
});

test("a copy of a private alert is private, unless the operator makes it shared", async () => {
  const sent: unknown[] = [];
  const platform = makePlatform([], {
    [`GET ${PATH}`]: (_, url) => ({ ...DETAIL, client_id: url.searchParams.get("owner") }),
    "POST /api/v1/alerts": async (request) => {
      sent.push(await request.json());
      return Response.json(accepted("copy"), { status: 202 });
    },
  });
  const { router } = show(platform, "/explain?alert=order%2F4711&owner=acme");
  const person = userEvent.setup();
  const copy = async () => {
    await person.click(await screen.findByRole("link", { name: "Send a copy" }));
    const form = await screen.findByRole("form", { name: "Alert" });
    expect(within(form).getByRole("textbox", { name: "Private to" })).toHaveValue("acme");
    return form;
  };
  const body = {
    severity: "CRITICAL",
    source: "checkout",
    name: "payment-failed",
    context: { region: "eu" },
  };
  const form = await copy();
  expect(form).toHaveTextContent("Only acme is notified");
  await person.click(within(form).getByRole("button", { name: "Send alert" }));
  await waitFor(() => expect(router.state.location.search).toBe("?alert=copy&owner=acme"));

  await router.navigate("/explain?alert=order%2F4711&owner=acme");
  const other = await copy();
  await person.click(within(other).getByRole("button", { name: "Make it shared" }));
  expect(other).toHaveTextContent("Every client whose rules match");
  await person.click(within(other).getByRole("button", { name: "Send alert" }));
  await waitFor(() => expect(router.state.location.search).toBe("?alert=copy&owner="));
  expect(sent).toEqual([{ ...body, client_id: "acme" }, body]);
});

test("a client names no owner of what it sends: the copy is its own", async () => {
  const platform = makePlatform([], {
    "GET /api/v1/me": () => OF_CLIENT,
    [`GET ${PATH}`]: () => ({ ...DETAIL, client_id: "acme" }),
    "POST /api/v1/alerts": () => Response.json(accepted("copy"), { status: 202 }),
  });
  const { router } = show(platform, "/explain/send?from=order%2F4711&owner=acme");
  const form = await screen.findByRole("form", { name: "Alert" });
  expect(within(form).queryByLabelText("Private to")).not.toBeInTheDocument();
  await userEvent.setup().click(within(form).getByRole("button", { name: "Send alert" }));
  await waitFor(() => expect(router.state.location.search).toBe("?alert=copy&owner=acme"));
  expect(platform.asked.find(({ method }) => method === "POST")?.body).not.toHaveProperty("client_id");
});
