import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";

import type { DeadLetterDetail } from "@/api/types";
import { renderIn } from "@/testing/render";
import { problem, TestPlatform } from "@/testing/TestPlatform";

import { bytesOf, hexLines } from "./bytes";
import DeadLettersPage from "./index";
import { changesOf, draftOf, saidOf } from "./repair";

const NO_BYTES = { size: 0, text: "", base64: "", is_cut: false };
const LETTER: DeadLetterDetail = {
  letter_id: "alerts.new.dlq/0/17",
  topic: "alerts.new.dlq",
  partition: 0,
  offset: 17,
  source: { topic: "alerts.new", partition: 0, offset: 4711 },
  reason: "name: empty: must not be empty",
  refused_at: "2026-01-02T03:04:05.678Z",
  size: 3,
  is_whole: true,
  replays: 0,
  key: NO_BYTES,
  value: { size: 3, text: null, base64: "AP9h", is_cut: false },
  headers: [{ name: "content-type", value: { size: 1, text: "x", base64: "eA==", is_cut: false } }],
  fields: [{ name: "source", value: "<b>checkout</b>" }],
  settable: [
    { name: "source", kind: "text", value: "<b>checkout</b>", is_cut: false },
    { name: "name", kind: "text", value: "", is_cut: false },
  ],
  problem: "name: empty: must not be empty",
  problems: [{ path: "name", code: "empty", detail: "must not be empty" }],
};

function makePlatform(letter: DeadLetterDetail, isOperator = true) {
  return new TestPlatform({
    "GET /api/v1/me": () => ({
      name: "test",
      key_id: "k",
      is_operator: isOperator,
      client_id: isOperator ? null : "acme",
      scopes: [],
      allowed: isOperator ? ["admin"] : ["notifications:read"],
    }),
    "GET /api/v1/dead-letters": () => ({ items: [letter], next_cursor: null }),
    "GET /api/v1/dead-letters/topics": () => ({
      topics: [{ topic: "alerts.new.dlq", source: "alerts.new", letters: 1 }],
      letters: 1,
    }),
    [`GET /api/v1/dead-letters/${encodeURIComponent(letter.letter_id)}`]: () => letter,
    [`POST /api/v1/dead-letters/${encodeURIComponent(letter.letter_id)}/replay`]: () =>
      Response.json({ letter_id: letter.letter_id, topic: "alerts.new", replays: 1 }, { status: 202 }),
  });
}

function show(platform: TestPlatform, at: string) {
  return renderIn(<DeadLettersPage />, { platform, at, path: "/dead-letters/*" });
}

test("a topic that is pressed is asked for, and is in the address", async () => {
  const platform = makePlatform(LETTER);
  const { router } = show(platform, "/dead-letters");
  await userEvent.setup().click(await screen.findByRole("button", { name: /alerts\.new\.dlq/ }));
  expect(router.state.location.search).toBe("?topic=alerts.new.dlq");
  await screen.findByRole("link", { name: /must not be empty/ });
  const asked = platform.asked.findLast(({ url }) => url.pathname === "/api/v1/dead-letters");
  expect(asked?.url.searchParams.get("topic")).toBe("alerts.new.dlq");
});

test("a dead letter shows which of its fields is wrong, also one that is not there, and its bytes", async () => {
  show(makePlatform(LETTER), "/dead-letters/alerts.new.dlq/0/17");
  const fields = await screen.findByRole("table", { name: "Fields of the message" });
  expect(within(fields).getByRole("row", { name: /^name/ })).toHaveTextContent("Wrong: must not be empty");
  expect(within(fields).getByRole("row", { name: /^source/ })).not.toHaveTextContent("Wrong");
  expect(screen.getByRole("region", { name: "Bytes of the value" })).toHaveTextContent("00 ff 61");
});

const REPLAY = `POST /api/v1/dead-letters/${encodeURIComponent(LETTER.letter_id)}/replay`;

async function openForm(platform: TestPlatform) {
  show(platform, "/dead-letters/alerts.new.dlq/0/17");
  const person = userEvent.setup();
  await person.click(await screen.findByRole("button", { name: "Replay" }));
  return { person, form: await screen.findByRole("form", { name: "Replay" }) };
}

const askedFor = (platform: TestPlatform) =>
  platform.asked.filter(({ method }) => method === "POST").map(({ body }) => body);

test("a dead letter is replayed as it is when nothing is changed, and says where it went", async () => {
  const platform = makePlatform(LETTER);
  const { person, form } = await openForm(platform);
  expect(within(form).getByText(/most likely become a dead letter again/)).toBeInTheDocument();
  await person.click(within(form).getByRole("button", { name: "Replay as it is" }));
  expect(await screen.findByText("It was replayed")).toBeInTheDocument();
  expect(screen.queryByRole("button", { name: "Replay" })).toBeNull();
  expect(askedFor(platform)).toEqual([{}]);
});

test("the field that is wrong says so, is where one begins, and is sent alone when it was changed", async () => {
  const platform = makePlatform(LETTER);
  const { person, form } = await openForm(platform);
  const name = within(form).getByRole("textbox", { name: "name" });
  expect(name).toBeInvalid();
  expect(name).toHaveAccessibleDescription("must not be empty");
  expect(within(form).getByRole("textbox", { name: "source" })).toBeValid();
  await waitFor(() => expect(name).toHaveFocus());
  await person.keyboard("timeout{Enter}");
  expect(await screen.findByText("It was replayed")).toBeInTheDocument();
  expect(askedFor(platform)).toEqual([{ set: { name: "timeout" } }]);
});

test("what is refused still is told at its field, and the dead letter stays", async () => {
  const platform = makePlatform(LETTER);
  platform.routes[REPLAY] = () =>
    problem(422, "invalid-input", "the letter would be refused still, and was left where it is", {
      problems: [{ path: "set.source", code: "too-long", detail: "has 300 characters" }],
    });
  const { person, form } = await openForm(platform);
  await person.type(within(form).getByRole("textbox", { name: "name" }), "timeout");
  const source = within(form).getByRole("textbox", { name: "source" });
  await person.type(source, "x");
  await person.click(within(form).getByRole("button", { name: "Replay with the changes" }));
  expect(await within(form).findByRole("alert")).toHaveTextContent("It would be refused still");
  expect(source).toHaveAccessibleDescription("has 300 characters");
  expect(source).toHaveFocus();
  expect(within(form).getByRole("textbox", { name: "name" })).toBeValid();
  await person.type(source, "y");
  expect(source).toBeValid();
});

test("what is wrong with the message as a whole is told above the buttons", async () => {
  const platform = makePlatform(LETTER);
  platform.routes[REPLAY] = () =>
    problem(422, "invalid-input", "the letter would be refused still, and was left where it is", {
      problems: [{ path: "set.context", code: "too-many", detail: "has 65 entries" }],
    });
  const { person, form } = await openForm(platform);
  await person.click(within(form).getByRole("button", { name: "Replay as it is" }));
  expect(await within(form).findByText(/has 65 entries/)).toBeInTheDocument();
});

test("a value with characters that are not seen, or with lines, is shown as what it is", async () => {
  const settable = [
    { name: "source", kind: "text" as const, value: "a\u202eb", is_cut: false },
    { name: "name", kind: "text" as const, value: "one\ntwo", is_cut: false },
  ];
  const { form } = await openForm(makePlatform({ ...LETTER, settable }));
  expect(within(form).getByText(/not seen below: a\\u202eb/)).toBeInTheDocument();
  expect(within(form).getByRole("textbox", { name: "name" })).toHaveValue("one\ntwo");
});

test("a label can be added", async () => {
  const labels = { name: "context", kind: "labels" as const, value: "", is_cut: false };
  const platform = makePlatform({ ...LETTER, settable: [...LETTER.settable, labels] });
  const { person, form } = await openForm(platform);
  await person.click(within(form).getByRole("button", { name: "Add a label" }));
  await person.type(within(form).getByRole("textbox", { name: "New label 1" }), "team");
  await person.type(within(form).getByRole("textbox", { name: "Value of new label 1" }), "storage");
  await person.click(within(form).getByRole("button", { name: "Replay with the changes" }));
  expect(await screen.findByText("It was replayed")).toBeInTheDocument();
  expect(askedFor(platform)).toEqual([{ set: { "context.team": "storage" } }]);
});

test("a dead letter of which only the beginning was kept is replayed with the whole of it alone", async () => {
  const platform = makePlatform({ ...LETTER, is_whole: false, settable: [], problems: [] });
  const { person, form } = await openForm(platform);
  await person.click(within(form).getByRole("button", { name: "Replay with the changes" }));
  expect(within(form).getByText("Choose the file with the whole record")).toBeInTheDocument();
  expect(askedFor(platform)).toEqual([]);
  const input = document.querySelector<HTMLInputElement>("input[type=file]");
  expect(input).not.toBeNull();
  if (input !== null) await person.upload(input, new File([new Uint8Array([0, 255, 97])], "whole.pb"));
  await person.click(within(form).getByRole("button", { name: "Replay with the changes" }));
  expect(await screen.findByText("It was replayed")).toBeInTheDocument();
  expect(askedFor(platform)).toEqual([{ value_base64: "AP9h" }]);
});

test("a file that is refused says why until another one is chosen", async () => {
  const platform = makePlatform({ ...LETTER, settable: [], problems: [] });
  platform.routes[REPLAY] = () =>
    problem(422, "invalid-input", "the letter would be refused still, and was left where it is", {
      problems: [{ path: "value_base64.name", code: "empty", detail: "must not be empty" }],
    });
  const { person, form } = await openForm(platform);
  const input = document.querySelector<HTMLInputElement>("input[type=file]");
  expect(input).not.toBeNull();
  if (input === null) return;
  await person.upload(input, new File(["a"], "one.pb"));
  await person.click(within(form).getByRole("button", { name: "Replay with the changes" }));
  expect(await within(form).findByText("name must not be empty")).toBeInTheDocument();
  expect(within(form).getByRole("alert")).toHaveTextContent("It would be refused still");
  await person.upload(input, new File(["b"], "other.pb"));
  expect(within(form).queryByText("name must not be empty")).toBeNull();
  expect(within(form).queryByRole("alert")).toBeNull();
});

test("the key of a client is told that dead letters are for operators", async () => {
  const platform = makePlatform(LETTER, false);
  show(platform, "/dead-letters");
  expect(await screen.findByText("Only operators see dead letters")).toBeInTheDocument();
  expect(platform.asked.some(({ url }) => url.pathname.includes("dead-letters"))).toBe(false);
});

test("bytes are shown sixteen to a line", () => {
  const lines = hexLines(bytesOf(btoa("0123456789abcdef\n")));
  expect(lines.map(({ offset }) => offset)).toEqual(["000000", "000010"]);
  expect(lines[1]).toEqual({ offset: "000010", hex: "0a", text: "·" });
});

test("a value that is not known whole is left unless another one is typed", () => {
  const field = { name: "source", kind: "text" as const, value: "yyy", is_cut: true };
  const draft = draftOf([field]);
  expect(changesOf([field], draft)).toEqual({});
  expect(changesOf([field], { ...draft, values: { source: "api" } })).toEqual({ source: "api" });
});

test("a problem is found at its field also where its name is cut or an entry is named", () => {
  const at = (path: string) => [{ path, code: "empty" as const, detail: "must not be empty" }];
  expect(saidOf("rule_ids", at("rule_ids[3]"))).toBe("must not be empty");
  expect(saidOf(`context.${"☃".repeat(50)}`, at(`context.${"☃".repeat(40)}`))).toBe("must not be empty");
  expect(saidOf("context", at("context.k"))).toBeUndefined();
});
