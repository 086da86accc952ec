import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";

import type { DeadLetterDetail } from "@/api/types";
import { renderIn } from "@/testing/render";
import { TestBackend } from "@/testing/TestBackend";

import { bytesOf, fieldOf, hexLines } from "./bytes";
import DeadLettersPage from "./index";

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

function platform(letter: DeadLetterDetail, isOperator = true) {
  return new TestBackend({
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

function show(backend: TestBackend, at: string) {
  return renderIn(<DeadLettersPage />, { backend, at, path: "/dead-letters/*" });
}

test("a topic that is pressed is asked for, and is in the address", async () => {
  const backend = platform(LETTER);
  const { router } = show(backend, "/dead-letters");
  await userEvent.setup().click(await screen.findByRole("button", { name: /alerts\.new\.dlq/ }));
  expect(router.state.location.search).toBe("?topic=alerts.new.dlq");
  await screen.findByRole("link", { name: /must not be empty/ });
  const asked = backend.asked.findLast(({ url }) => url.pathname === "/api/v1/dead-letters");
  expect(asked?.url.searchParams.get("topic")).toBe("alerts.new.dlq");
});

test("a letter shows which of its fields is wrong, also one that is not there, and its bytes", async () => {
  show(platform(LETTER), "/dead-letters/alerts.new.dlq/0/17");
  const fields = await screen.findByRole("table", { name: "Fields of the message" });
  expect(within(fields).getByRole("row", { name: /^name/ })).toHaveTextContent(
    "Wrong: empty: must not be empty",
  );
  expect(within(fields).getByRole("row", { name: /^source/ })).not.toHaveTextContent("Wrong");
  expect(screen.getByRole("region", { name: "Bytes of the value" })).toHaveTextContent("00 ff 61");
});

test("a letter is replayed once it was confirmed, and says where it went", async () => {
  const backend = platform(LETTER);
  show(backend, "/dead-letters/alerts.new.dlq/0/17");
  const person = userEvent.setup();
  await person.click(await screen.findByRole("button", { name: "Replay" }));
  expect(await screen.findByText(/most likely become a dead letter again/)).toBeInTheDocument();
  await person.click(screen.getByRole("button", { name: "Replay it" }));
  expect(await screen.findByText("It was replayed")).toBeInTheDocument();
  expect(screen.queryByRole("button", { name: "Replay" })).toBeNull();
});

test("a letter of which only the beginning was kept says why it cannot be replayed", async () => {
  show(platform({ ...LETTER, is_whole: false }), "/dead-letters/alerts.new.dlq/0/17");
  expect(await screen.findByText(/only its beginning was kept/)).toBeInTheDocument();
  expect(screen.queryByRole("button", { name: "Replay" })).toBeNull();
});

test("the key of a client is told that dead letters are for operators", async () => {
  const backend = platform(LETTER, false);
  show(backend, "/dead-letters");
  expect(await screen.findByText("Only operators see dead letters")).toBeInTheDocument();
  expect(backend.asked.some(({ url }) => url.pathname.includes("dead-letters"))).toBe(false);
});

test("bytes are shown sixteen to a line, and a problem names its field", () => {
  const lines = hexLines(bytesOf(btoa("0123456789abcdef\n")));
  expect(lines.map(({ offset }) => offset)).toEqual(["000000", "000010"]);
  expect(lines[1]).toEqual({ offset: "000010", hex: "0a", text: "·" });
  expect(fieldOf("context.region: too-long: at most 255")).toEqual({
    field: "context.region",
    says: "too-long: at most 255",
  });
  expect(fieldOf(null)).toBeNull();
});
