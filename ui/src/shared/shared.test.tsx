import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";

import { ask } from "@/api/client";
import { ProblemError } from "@/api/problem";
import { usePages } from "@/api/queries";
import type { Client } from "@/api/types";
import { useApi } from "@/app/context";
import { renderIn } from "@/testing/render";
import { problem, TestPlatform } from "@/testing/TestPlatform";

import { SeverityBadge, StatusBadge } from "./badges";
import { ClientPicker } from "./ClientPicker";
import { followClock } from "./clock";
import { ConfirmDialog } from "./ConfirmDialog";
import { DataTable } from "./DataTable";
import { EmptyState } from "./EmptyState";
import { ErrorState } from "./ErrorState";
import { HostileText, OneLine } from "./HostileText";
import { rateText } from "./figures";
import { LinkedText, webAddressOf } from "./LinkedText";
import { PageHeader } from "./PageHeader";
import { ago, TimeAgo } from "./TimeAgo";
import { toastUndo } from "./toasts";

const client = (client_id: string): Client => ({
  client_id,
  name: `Name of ${client_id}`,
  created_at: "2026-01-02T03:04:05.678Z",
  updated_at: "2026-01-02T03:04:05.678Z",
});

describe("a rate", () => {
  it.each([
    [61.5, "61.5 a second"],
    [1, "1 a second"],
    [0.03, "2 a minute"],
    [0, "0 a minute"],
    [0.0005, "1.8 an hour"],
  ])("of %d a second is %s", (perSecond, text) => {
    expect(rateText(perSecond)).toBe(text);
  });
});

describe("an address in text that others wrote", () => {
  it("is a link that says where it leads, and gives nothing away", () => {
    renderIn(<LinkedText text="HTTPS://Runbooks.example:8443/disk?x=<b>" />);
    const link = screen.getByRole("link", { name: "HTTPS://Runbooks.example:8443/disk?x=<b>" });
    expect(link).toHaveAttribute("href", "https://runbooks.example:8443/disk?x=%3Cb%3E");
    expect(link).toHaveAttribute("rel", "noopener noreferrer nofollow");
    expect(link).toHaveAttribute("target", "_blank");
    expect(screen.getByText(/runbooks\.example:8443/)).toBeVisible();
  });

  it("names the host that the browser will ask, in letters that cannot be mistaken", () => {
    expect(webAddressOf("https://ex\u0430mple.com/")?.host).toBe("xn--exmple-4nf.com");
  });

  it.each([
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "ftp://files.example/",
    "//evil.example/",
    "see https://runbooks.example/",
    "https://runbooks.example/ javascript:alert(1)",
    "https://good.example@evil.example/",
    "https://evil.example/\u202egnp.exe",
    "https://evil.example/\u200b",
    "https://",
    "https://[nonsense/",
  ])("is none in %j", (text) => {
    renderIn(<LinkedText text={text} />);
    expect(screen.queryByRole("link")).toBeNull();
  });
});

describe("text that others wrote", () => {
  it("is shown as text, whatever is in it", () => {
    const { container } = renderIn(<HostileText text={'<img src=x onerror="alert(1)"> *bold* 🙂'} />);
    expect(screen.getByText('<img src=x onerror="alert(1)"> *bold* 🙂')).toBeVisible();
    expect(container.querySelector("img")).toBeNull();
  });

  it("is cut when it is long, and shown whole on demand", async () => {
    renderIn(<HostileText text={"x".repeat(10_000)} />);
    expect(screen.queryByText("x".repeat(10_000))).toBeNull();
    await userEvent.click(screen.getByRole("button", { name: "show all 10,000 characters" }));
    expect(screen.getByText("x".repeat(10_000))).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "show less" }));
    expect(screen.queryByText("x".repeat(10_000))).toBeNull();
  });

  it("is cut when it has many short lines", async () => {
    const { container } = renderIn(<HostileText text={"a\n".repeat(100)} />);
    expect(container.querySelector("bdi")?.textContent.split("\n")).toHaveLength(10);
    await userEvent.click(screen.getByRole("button", { name: "show all 200 characters" }));
    expect(container.querySelector("bdi")?.textContent.split("\n")).toHaveLength(101);
  });

  it("cannot turn the direction of what stands beside it", () => {
    const { container } = renderIn(<HostileText text={"user\u202Egnp.exe\u0007"} />);
    expect(container.querySelector("bdi")).toHaveTextContent("user\\u202egnp.exe\\u0007");
  });

  it("keeps line breaks, joined emoji and right-to-left letters", () => {
    const { container } = renderIn(<HostileText text={"שלום\n👩‍👩‍👧"} />);
    expect(container.querySelector("bdi")?.textContent).toBe("שלום\n👩‍👩‍👧");
  });

  it("is never cut through an emoji", () => {
    const { container } = renderIn(<HostileText text={"ab🙂cd"} chars={3} />);
    expect(container.querySelector("bdi")?.textContent).toBe("ab…");
  });

  it("fits into one line of a table", () => {
    const { container } = renderIn(<OneLine text={"y".repeat(10_000)} />);
    expect(container.querySelector("bdi")?.textContent).toHaveLength(500);
  });
});

describe("what went wrong", () => {
  it("is told with every problem, the request id and a way to try again", async () => {
    const problems = [
      { path: "source", code: "empty" as const, detail: "must not be empty" },
      { path: "name", code: "too-long" as const, detail: "has 300 characters" },
    ];
    const error = new ProblemError({
      code: "invalid-input",
      title: "Invalid input",
      detail: "the request has problems",
      status: 422,
      problems,
      requestId: "req-7",
    });
    const again = vi.fn();
    renderIn(<ErrorState error={error} onRetry={again} />);
    const alert = screen.getByRole("alert");
    for (const text of ["Invalid input", "must not be empty", "has 300 characters", "req-7"]) {
      expect(alert).toHaveTextContent(text);
    }
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(again).toHaveBeenCalledOnce();
  });
});

describe("badges", () => {
  it("say statuses and severities in words", () => {
    renderIn(
      <>
        <StatusBadge status="DEAD" />
        <SeverityBadge severity="CRITICAL" />
        <SeverityBadge severity="*" />
      </>,
    );
    for (const word of ["Dead", "Critical", "Any"]) expect(screen.getByText(word)).toBeVisible();
  });
});

describe("times", () => {
  it("are told as people tell them, and exactly for machines", () => {
    const at = new Date(Date.now() - 3 * 60_000 - 5_000).toISOString();
    renderIn(<TimeAgo at={at} />);
    expect(screen.getByText("3 min. ago")).toHaveAttribute("datetime", at);
  });

  it("are those of the platform, whose year may be another one", () => {
    const started = Date.parse("2026-01-01T00:00:00Z");
    followClock(() => started + 60_000);
    try {
      renderIn(<TimeAgo at="2026-01-01T00:00:30Z" />);
      expect(screen.getByText("30 sec. ago")).toBeVisible();
    } finally {
      followClock(Date.now);
    }
  });

  it("have words for every distance, before and after now", () => {
    expect([0.5, -5, -61, -7_200, -200_000, 90].map(ago)).toEqual([
      "now",
      "5 sec. ago",
      "1 min. ago",
      "2 hr. ago",
      "2 days ago",
      "in 1 min.",
    ]);
  });
});

describe("a page's head", () => {
  it("names the page and the document", () => {
    renderIn(<PageHeader title="Rules" actions={<button type="button">New</button>} />);
    expect(screen.getByRole("heading", { level: 1 })).toHaveTextContent("Rules");
    expect(document.title).toBe("Rules · Alerting");
  });
});

function Clients() {
  const api = useApi();
  const pages = usePages(["clients"], (cursor, signal) =>
    ask(api.GET("/api/v1/clients", { params: { query: { cursor } }, signal })),
  );
  return (
    <DataTable
      label="Clients"
      pages={pages}
      rowKey={(each) => each.client_id}
      columns={[{ label: "Client", cell: (each) => each.client_id, onPhone: "title" }]}
      empty={<EmptyState title="There are no clients" />}
    />
  );
}

describe("a list", () => {
  it("is read page by page", async () => {
    const platform = new TestPlatform({
      "GET /api/v1/clients": (_, url) =>
        url.searchParams.get("cursor") === null
          ? { items: [client("acme")], next_cursor: "c1" }
          : { items: [client("globex")], next_cursor: null },
    });
    renderIn(<Clients />, { platform });
    expect(screen.getByRole("status", { name: "Loading Clients" })).toBeVisible();
    expect(await screen.findByRole("cell", { name: "acme" })).toBeVisible();
    expect(screen.getByText("1 shown, there are more")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Load more" }));
    expect(await screen.findByRole("cell", { name: "globex" })).toBeVisible();
    expect(screen.getByText("2 in all")).toBeVisible();
  });

  it("says that it is empty", async () => {
    renderIn(<Clients />, {
      platform: new TestPlatform({ "GET /api/v1/clients": () => ({ items: [], next_cursor: null }) }),
    });
    expect(await screen.findByText("There are no clients")).toBeVisible();
  });

  it("says what went wrong, and reads again on demand", async () => {
    const answers = [
      problem(403, "forbidden", "the key has not the scope"),
      { items: [client("acme")], next_cursor: null },
    ];
    renderIn(<Clients />, { platform: new TestPlatform({ "GET /api/v1/clients": () => answers.shift() }) });
    expect(await screen.findByRole("alert")).toHaveTextContent("the key has not the scope");
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByRole("cell", { name: "acme" })).toBeVisible();
  });
});

describe("the choice of a client", () => {
  it("searches all clients, and says which was chosen", async () => {
    const platform = new TestPlatform({
      "GET /api/v1/clients": (_, url) => ({
        items: ["acme", "globex"].filter((id) => id.includes(url.searchParams.get("text") ?? "")).map(client),
        next_cursor: null,
      }),
    });
    const chosen = vi.fn();
    renderIn(<ClientPicker label="Client" value={null} onChange={chosen} />, { platform });
    const field = screen.getByLabelText("Client", { selector: "input" });
    await userEvent.click(field);
    expect(await screen.findByText("acme · Name of acme")).toBeVisible();
    await userEvent.type(field, "glob");
    await waitFor(() => expect(screen.queryByText("acme · Name of acme")).toBeNull());
    await userEvent.click(screen.getByText("globex · Name of globex"));
    expect(chosen).toHaveBeenCalledWith("globex");
  });
});

describe("a question before something final", () => {
  it("does it only when confirmed", async () => {
    const confirmed = vi.fn();
    const closed = vi.fn();
    renderIn(
      <ConfirmDialog opened title="Revoke?" confirm="Revoke the key" onConfirm={confirmed} onClose={closed}>
        It opens nothing any more.
      </ConfirmDialog>,
    );
    await userEvent.click(await screen.findByRole("button", { name: "Cancel" }));
    expect(closed).toHaveBeenCalledOnce();
    await userEvent.click(screen.getByRole("button", { name: "Revoke the key" }));
    expect(confirmed).toHaveBeenCalledOnce();
  });
});

describe("something that can be undone", () => {
  it("is taken back when asked to", async () => {
    const undo = vi.fn(() => Promise.resolve());
    renderIn(<p>page</p>);
    toastUndo("Rule disabled", undo);
    await userEvent.click(await screen.findByRole("button", { name: "Undo" }));
    expect(undo).toHaveBeenCalledOnce();
    expect(await screen.findByText("Taken back")).toBeVisible();
  });
});
