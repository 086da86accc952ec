"""The demo inbox over HTTP, below /demo/inbox, and as a page: everything in one answer."""

import secrets
from collections.abc import Callable, Sequence
from html import escape
from string import Template
from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse

from alerting_backend.demo.inbox import ARRIVALS_MAX, Arrival, Inbox, SignatureCheck
from alerting_core import limits

_PAGE: Final = Template(r"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Demo inbox ($count)</title>
<style nonce="$nonce">
:root { color-scheme: light dark; --line: #d1d5db; --soft: #6b7280; --card: #fff; --page: #f3f4f6; --text: #111827;
  --good: #15803d; --bad: #b91c1c; --code: #f9fafb; }
@media (prefers-color-scheme: dark) { :root { --line: #374151; --soft: #9ca3af; --card: #1f2937; --page: #111827;
  --text: #f3f4f6; --good: #4ade80; --bad: #f87171; --code: #111827; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem; }
header { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; }
h1 { font-size: 1.5rem; margin: 0; flex: 1; }
p { color: var(--soft); margin: .25rem 0 1rem; }
button { font: inherit; padding: .25rem .75rem; border: 1px solid var(--line); border-radius: .375rem;
  background: var(--card); color: inherit; cursor: pointer; }
details { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0; }
summary { display: grid; grid-template-columns: 6.5rem 1fr auto; gap: 0 .75rem; padding: .6rem .9rem; cursor: pointer;
  list-style: none; }
summary::-webkit-details-marker { display: none; }
.channel { font-weight: 600; }
.channel::before { content: "\25b8\a0"; color: var(--soft); }
details[open] .channel::before { content: "\25be\a0"; }
.title, .name { overflow-wrap: anywhere; }
.name, time, .id { color: var(--soft); font-size: .875rem; }
.name { grid-column: 2 / -1; }
.valid { color: var(--good); } .invalid, .missing { color: var(--bad); }
pre { margin: 0; padding: .75rem .9rem; background: var(--code); border-top: 1px solid var(--line); overflow-x: auto;
  font-size: .8125rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.id { padding: .5rem .9rem; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
.empty { padding: 3rem 1rem; text-align: center; border: 1px dashed var(--line); border-radius: .5rem; }
@media (max-width: 40rem) {
  summary { grid-template-columns: 1fr auto; }
  time { grid-area: 1 / 2; }
  .title, .name { grid-column: 1 / -1; }
}
</style>
</head>
<body>
<main>
<header><h1>Demo inbox</h1><button id="send" type="button">Send alerts for $minutes minutes</button>
<button id="clear" type="button">Clear</button></header>
<p role="status"><span id="count">$count</span> of <span id="received">$received</span> messages, newest first; new ones
appear by themselves. Webhooks are checked with the official Standard Webhooks library.</p>
<div id="cards">
$cards
</div>
</main>
<script nonce="$nonce">
const here = location.pathname, list = document.getElementById("cards"), send = document.getElementById("send");
let received = $received;
function show(id, text) { document.getElementById(id).textContent = text; }
document.getElementById("clear").onclick = () => fetch(here, {method: "DELETE"}).then(() => location.reload());
send.onclick = async () => {
  const answer = await fetch(here + "/alerts", {method: "PUT"}).catch(() => null);
  send.textContent = answer && answer.ok ? "Sending an alert every few seconds" : "Nothing can be sent";
  send.disabled = true;
  setTimeout(() => { send.disabled = false; send.textContent = "Send alerts for $minutes minutes"; }, 10000);
};
setInterval(async () => {
  const answer = await fetch(here + "/news?after=" + received).catch(() => null);
  if (!answer || !answer.ok) return;
  const news = await answer.json();
  if (news.received === received) return;
  if (news.received < received) return location.reload();  // The platform was started anew.
  received = news.received;
  document.querySelector(".empty")?.remove();
  list.insertAdjacentHTML("afterbegin", news.cards);
  while (list.children.length > $most) list.lastElementChild.remove();
  show("count", list.children.length);
  show("received", received);
  document.title = "Demo inbox (" + list.children.length + ")";
}, 2000);
</script>
</body>
</html>
""")

_CARD: Final = Template("""<details>
<summary><span class="channel">$channel</span><span class="title"><bdi>$title</bdi></span><time>$time</time>
<span class="name">$name$notes</span></summary>
<pre>$text</pre>
$id
</details>""")

_SIGNATURES: Final = {
    SignatureCheck.VALID: "signature valid",
    SignatureCheck.INVALID: "signature wrong",
    SignatureCheck.MISSING: "signature missing",
    SignatureCheck.SECRET_UNKNOWN: "signed, secret not known here",
}


def render_page(arrivals: Sequence[Arrival], *, received: int, most: int, minutes: int, nonce: str) -> str:
    """Return the page for *arrivals*, oldest first, whose scripts and styles carry *nonce*.

    Args:
        received: How many messages came in all.
        most: How many the page shows at most.
        minutes: For how long a press of the button sends alerts.
    """
    cards = render_cards(arrivals) or '<div class="empty">Nothing has arrived yet.</div>'
    return _PAGE.substitute(
        count=len(arrivals), received=received, most=most, minutes=minutes, cards=cards, nonce=nonce
    )


def render_cards(arrivals: Sequence[Arrival]) -> str:
    """Return what the page shows of *arrivals*, oldest first: the newest on top."""
    return "\n".join(_card(arrival) for arrival in reversed(arrivals))


def page_policy(nonce: str) -> str:
    """Return the Content-Security-Policy under which the page works."""
    return (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _card(arrival: Arrival) -> str:
    notes = []
    if arrival.signature in _SIGNATURES:
        notes.append(f'<span class="{arrival.signature.value}">{_SIGNATURES[arrival.signature]}</span>')
    if arrival.is_repeat:
        notes.append("sent again")
    if not 200 <= arrival.status < 300:
        notes.append(f"answered {arrival.status}")
    message_id = f'<div class="id">id {escape(arrival.message_id)}</div>' if arrival.message_id else ""
    return _CARD.substitute(
        channel={"webhook": "Webhook", "slack": "Slack", "email": "E-mail"}[arrival.channel.value],
        title=escape(arrival.title) or "(no title)",
        time=f"{arrival.received_at:%Y-%m-%d %H:%M:%S} UTC",
        name=escape(arrival.name),
        notes="".join(f" · {note}" for note in notes),
        text=escape(arrival.text),
        id=message_id,
    )


INBOX_PATH: Final = "/demo/inbox"

_Name = Annotated[str, Path(min_length=1, max_length=limits.ID_CHARS_MAX)]


ALERTS_MINUTES: Final = 3
"""For how long a press of the page's button sends alerts: long enough to look around."""


def inbox_router(inbox: Inbox, send_alerts: Callable[[], None]) -> APIRouter:
    """Return the routes of *inbox*. They are no part of the documented API, and whoever reaches them may read all.

    Args:
        inbox: Takes the messages, and shows them.
        send_alerts: Has alerts sent to the platform for `ALERTS_MINUTES` from now on.
    """
    router = APIRouter(prefix=INBOX_PATH, include_in_schema=False)

    @router.post("/webhook/{name}")
    async def take_webhook(name: _Name, request: Request) -> Response:
        status = inbox.take_webhook(name, _headers(request), await _body(request))
        return JSONResponse({"received": inbox.received}, status)

    @router.post("/slack/{name}")
    async def take_slack(name: _Name, request: Request) -> Response:
        status = inbox.take_slack(name, _headers(request), await _body(request))
        return PlainTextResponse("ok" if status == 200 else "invalid_payload", status)

    @router.get("")
    async def show(request: Request, limit: Annotated[int, Query(ge=0, le=ARRIVALS_MAX)] = ARRIVALS_MAX) -> Response:
        arrivals = inbox.arrivals[-limit:] if limit else ()
        if "text/html" not in request.headers.get("accept", ""):
            items = [arrival.as_json() for arrival in reversed(arrivals)]
            return JSONResponse({"items": items, "received": inbox.received}, headers={"Vary": "Accept"})
        nonce = secrets.token_urlsafe(16)
        page = render_page(arrivals, received=inbox.received, most=ARRIVALS_MAX, minutes=ALERTS_MINUTES, nonce=nonce)
        return HTMLResponse(page, headers={"Content-Security-Policy": page_policy(nonce), "Vary": "Accept"})

    @router.get("/news")
    async def show_news(after: Annotated[int, Query(ge=0)]) -> Response:
        news = [arrival for arrival in inbox.arrivals if arrival.number > after]
        return JSONResponse({"received": inbox.received, "cards": render_cards(news)})

    # PUT, which a page of another site cannot make a browser send.
    @router.put("/alerts", status_code=204)
    async def have_alerts_sent() -> None:
        send_alerts()

    @router.delete("", status_code=204)
    async def clear() -> None:
        inbox.clear()

    return router


def _headers(request: Request) -> dict[str, str]:
    return dict(request.headers.items())


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limits.BODY_BYTES_MAX:
            raise HTTPException(413, f"the inbox takes at most {limits.BODY_BYTES_MAX} bytes")
    return bytes(body)
