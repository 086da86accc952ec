"""Text as strangers write it: markup of every kind, text that runs the other way, control characters, very long."""

from dataclasses import replace

from hypothesis import strategies as st

from alerting_core import limits
from alerting_core.domain.alert import Severity
from alerting_core.domain.notification import Notification
from tests.unit.core.delivery.make import make_notification

_SNIPPETS = (
    "<script>alert(1)</script>",
    "</td></table>",
    "<img src=x onerror=alert(1)>",
    "&lt;&amp;&#0;",
    "<!channel>",
    "<@U123>",
    "<https://evil.dev|bank>",
    "*_~`>",
    "\r\nBcc: all@acme.dev\r\n\r\n",
    "=?utf-8?q?x?=",
    "\u202egpj.exe\u202c",
    "\u2066\u2067",
    "שלום עולם",
    "مرحبا",
    "👩‍👩‍👧🚨🏴󠁧󠁢󠁳󠁣󠁴󠁿",
    "e\u0301" * 50,
    "\ufeff\u200b\u2028\u2029",
    "\x1b[31m\x07\x7f\x85",
    "{{7*7}}${x}%s",
    " https://evil.dev/a|b>*_`~ ",
    "http://[::1]:9/<x>#\u202e ",
    "javascript:alert(1)",
    ":rotating_light: @here #general",
)

_LONG = st.builds(str.__mul__, st.sampled_from(("&", "🚨", "<", "a b ", "x", "שלום ")), st.sampled_from((300, 10_000)))

_parts = st.lists(st.sampled_from(_SNIPPETS) | _LONG | st.text(max_size=40), min_size=1, max_size=5)

hostile_texts = _parts.map("".join).filter(lambda text: "\0" not in text)


def bounded(chars_max: int) -> st.SearchStrategy[str]:
    """Draw hostile text that the checks of an alert let in."""
    return hostile_texts.map(lambda text: text[:chars_max]).filter(lambda text: bool(text.strip()))


_annotation_names = st.sampled_from(("summary", "description", "runbook_url", "dashboard_a", "generatorURL"))


@st.composite
def hostile_notifications(draw: st.DrawFn, *, within_limits: bool = True) -> Notification:
    """Draw a notification full of hostile text; not *within_limits*: longer than any check would let in."""
    chars_max = limits.ID_CHARS_MAX if within_limits else 50_000
    names = bounded(chars_max)
    value_chars_max = limits.CONTEXT_VALUE_CHARS_MAX if within_limits else 50_000
    context = st.dictionaries(names, hostile_texts.map(lambda text: text[:value_chars_max]), max_size=8)
    return replace(
        make_notification(),
        severity=draw(st.sampled_from(Severity)),
        client_id=draw(names),
        alert_id=draw(names),
        source=draw(names),
        name=draw(names),
        event_ts=draw(st.integers(0, 253_402_300_799)),
        rule_ids=tuple(draw(st.lists(names, min_size=1, max_size=8))),
        context=draw(context),
        annotations=draw(st.dictionaries(_annotation_names | names, hostile_texts.map(lambda t: t[:value_chars_max]))),
    )
