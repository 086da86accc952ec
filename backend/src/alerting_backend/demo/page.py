"""The demo inbox as a page: everything in one answer, nothing from anywhere else."""

from collections.abc import Sequence
from html import escape
from string import Template
from typing import Final

from alerting_backend.demo.arrival import Arrival, SignatureCheck

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
