"""A notification for people to read, whoever wrote its text: as a Slack message, and as a mail."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from textwrap import indent
from typing import Final, TypeAlias

from alerting_core.domain.alert import Severity
from alerting_core.domain.claim import Claim, EmailMessage, HttpMessage
from alerting_core.domain.notification import Notification
from alerting_core.domain.text import contact_url, for_people, read_address

_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # control characters but white space
    "\u202a-\u202e\u2066-\u2069"  # directional embeddings, overrides and isolates
    "\ufff9-\ufffb\U000e0001\U000e0020-\U000e007f"  # annotations and tags
    "\ud800-\udfff]"  # lone surrogates, which UTF-8 cannot encode
)
_LINE_END: Final = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")

NOTHING: Final = "–"
"""Stands for an empty value: an empty cell looks like a mistake, and Slack refuses one."""


def shown_lines(text: str, *, chars_max: int) -> str:
    """Return *text* without what is unseen, its line ends as `\\n`, cut to *chars_max* characters."""
    # What is cut off anyway is not looked at: the work is bounded by what is shown.
    cleaned = _UNSEEN.sub("\ufffd", _LINE_END.sub("\n", text[: 2 * chars_max])).strip()
    return cut(cleaned, chars_max=chars_max) or NOTHING


def shown(text: str, *, chars_max: int) -> str:
    """Return *text* as `shown_lines` does, in one line, with single blanks."""
    return cut(" ".join(shown_lines(text, chars_max=2 * chars_max).split()), chars_max=chars_max)


def cut(text: str, *, chars_max: int) -> str:
    """Return *text* with at most *chars_max* characters, the last one `…` when something is missing."""
    return text if len(text) <= chars_max else f"{text[: chars_max - 1].rstrip()}…"


SEVERITY_COLOURS: Final[Mapping[Severity, str]] = {
    Severity.CRITICAL: "#dc2626",
    Severity.HIGH: "#ea580c",
    Severity.MEDIUM: "#ca8a04",
    Severity.LOW: "#16a34a",
    Severity.UNSPECIFIED: "#6b7280",
}
"""Used as a band beside dark text: as a background, two of them are too pale for white text to be read."""


SUBJECT_CHARS_MAX: Final = 200
"""More than any list of mails shows."""

VALUE_CHARS_MAX: Final = 4_000
"""Of one label: a runbook's text. Mail programs cut a mail at about 100 kB."""

_CONTEXT_CHARS_MAX: Final = 24_000
"""Of all labels: with escaping and markup still within what mail programs show in full."""

_MAIL_RULES_MAX: Final = 20

_FONT: Final = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_LABEL_STYLE: Final = "padding:6px 12px 6px 0;color:#4b5563;font-size:14px;vertical-align:top;width:30%"
_VALUE_STYLE: Final = (
    "padding:6px 0;color:#111827;font-size:14px;vertical-align:top;"
    "white-space:pre-wrap;word-break:break-word;overflow-wrap:anywhere"
)

Row = tuple[str, str]


def render_email(claim: Claim) -> EmailMessage:
    """Return the mail of a claimed e-mail delivery; its message id is the delivery's, on every attempt."""
    notification, target = claim.notification, claim.delivery.target
    facts, labels = _facts(notification), _labels(notification)
    return EmailMessage(
        to=read_address(target) or target,
        subject=email_subject(notification),
        text=_text(notification, facts, labels),
        html=_html(notification, facts, labels),
        message_id=claim.delivery.delivery_id,
    )


def email_subject(notification: Notification) -> str:
    """Return `Alert: <severity> - <name>` in one line, whatever the name holds."""
    return shown(f"Alert: {notification.severity.name} - {notification.name}", chars_max=SUBJECT_CHARS_MAX)


def _facts(notification: Notification) -> Sequence[Row]:
    rules = notification.rule_ids[:_MAIL_RULES_MAX]
    left_out = len(notification.rule_ids) - len(rules)
    rows = (
        ("Severity", notification.severity.name),
        ("Source", notification.source),
        ("Name", notification.name),
        ("Time", for_people(notification.event_ts)),
        ("Client", notification.client_id),
        ("Alert", notification.alert_id),
        ("Notification", notification.notification_id),
        ("Rules", ", ".join(rules) + (f" and {left_out} more" if left_out else "")),
    )
    return [(label, shown(value, chars_max=1_000)) for label, value in rows]


def _labels(notification: Notification) -> Sequence[Row]:
    rows: list[Row] = []
    room = _CONTEXT_CHARS_MAX
    for key, value in sorted(notification.context.items()):
        row = (shown(key, chars_max=255), shown_lines(value, chars_max=VALUE_CHARS_MAX))
        room -= len(row[0]) + len(row[1])
        if room < 0:
            rows.append(("…", f"{len(notification.context) - len(rows)} more labels are left out of this mail"))
            break
        rows.append(row)
    return rows


def _text(notification: Notification, facts: Sequence[Row], labels: Sequence[Row]) -> str:
    lines = [f"{notification.severity.name} alert: {shown(notification.name, chars_max=SUBJECT_CHARS_MAX)}", ""]
    lines += (f"{label + ':':<14}{value}" for label, value in facts)
    if labels:
        lines += ["", "Context"]
        lines += (_text_label(key, value) for key, value in labels)
    return "\n".join(lines) + "\n"


def _text_label(key: str, value: str) -> str:
    # Further lines are set in, so that no value can pass itself off as a line of ours.
    first, _, rest = value.partition("\n")
    return f"  {key}: {first}" + (f"\n{indent(rest, '      ')}" if rest else "")


def _html(notification: Notification, facts: Sequence[Row], labels: Sequence[Row]) -> str:
    colour = SEVERITY_COLOURS[notification.severity]
    name = escape(shown(notification.name, chars_max=SUBJECT_CHARS_MAX))
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(email_subject(notification))}</title></head>"
        f'<body style="margin:0;padding:16px;background:#f3f4f6;{_FONT}">'
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" '
        'style="max-width:600px;margin:0 auto;background:#ffffff;border:1px solid #e5e7eb;'
        f'border-top:6px solid {colour};table-layout:fixed">'
        '<tr><td style="padding:20px">'
        f'<p style="margin:0 0 4px;color:#111827;font-size:13px;font-weight:600;letter-spacing:.05em">'
        f'<span style="color:{colour}">&#9679;</span> {notification.severity.name}</p>'
        '<h1 style="margin:0 0 16px;color:#111827;font-size:20px;line-height:1.3;overflow-wrap:anywhere;'
        f'word-break:break-word"><bdi>{name}</bdi></h1>'
        f"{''.join(_html_table(facts))}"
        f"{''.join(_html_context(labels))}"
        "</td></tr></table></body></html>\n"
    )


def _html_context(labels: Sequence[Row]) -> Iterator[str]:
    if labels:
        yield '<h2 style="margin:20px 0 4px;color:#111827;font-size:15px">Context</h2>'
        yield from _html_table(labels)


def _html_table(rows: Sequence[Row]) -> Iterator[str]:
    yield '<table width="100%" cellpadding="0" cellspacing="0" style="table-layout:fixed;border-collapse:collapse">'
    for label, value in rows:
        label_style = f"{_LABEL_STYLE};overflow-wrap:anywhere;word-break:break-word"
        yield (
            f'<tr style="border-top:1px solid #f3f4f6"><td style="{label_style}"><bdi>{escape(label)}</bdi></td>'
            f'<td style="{_VALUE_STYLE}"><bdi>{escape(value)}</bdi></td></tr>'
        )
    yield "</table>"


HEADER_CHARS_MAX: Final = 150
SECTION_CHARS_MAX: Final = 3_000
FIELDS_MAX: Final = 10
BLOCKS_MAX: Final = 50
"""What Slack takes: of a header, a section's text, fields of a section, blocks of a message."""

_FALLBACK_CHARS_MAX: Final = 300
"""Shown in the notification on a phone's lock screen."""

_VALUE_CHARS_MAX: Final = 300
"""Of one label, before escaping, which makes at most five characters of one: Slack takes 2,000 of a field. The whole
text is in the webhook, the mail and the user interface."""

_KEY_CHARS_MAX: Final = 100
_ID_CHARS_MAX: Final = 64
"""Of a label's name and of an id, before escaping."""

_LABELS_MAX: Final = 20
"""Of one message. A channel is glanced at; what is left out is counted in the last line."""

_SLACK_RULES_MAX: Final = 5

_Block: TypeAlias = Mapping[str, object]


def render_slack(claim: Claim) -> HttpMessage:
    """Return the POST of a claimed Slack delivery."""
    body = json.dumps(slack_message(claim.notification), ensure_ascii=False, separators=(",", ":")).encode()
    return HttpMessage(contact_url(claim.delivery.target), {"content-type": "application/json"}, body)


def slack_message(notification: Notification) -> Mapping[str, object]:
    """Return the message as Slack's incoming webhooks take it."""
    blocks = list(_blocks(notification))
    assert len(blocks) <= BLOCKS_MAX
    return {
        "text": _escaped(_title(notification), chars_max=_FALLBACK_CHARS_MAX),
        "attachments": [{"color": SEVERITY_COLOURS[notification.severity], "blocks": blocks}],
    }


def _title(notification: Notification) -> str:
    return f"{notification.severity.name}: {notification.name} ({notification.source})"


def _header(notification: Notification) -> str:
    title = f"{notification.severity.name} – {notification.name}"
    text = shown(title, chars_max=HEADER_CHARS_MAX)
    # An emoji is one character here and two in UTF-16, and Slack does not say which it counts.
    return text if len(text.encode("utf-16-le")) <= 2 * HEADER_CHARS_MAX else shown(title, chars_max=len(text) // 2)


def _blocks(notification: Notification) -> Iterator[_Block]:
    yield {"type": "header", "text": {"type": "plain_text", "text": _header(notification), "emoji": False}}
    fields = (
        ("Severity", notification.severity.name),
        ("Source", notification.source),
        ("Name", notification.name),
        ("Client", notification.client_id),
        ("Alert", notification.alert_id),
        ("Time", for_people(notification.event_ts)),
    )
    assert len(fields) <= FIELDS_MAX
    yield {"type": "section", "fields": [_mrkdwn(f"*{label}*\n{_value(value)}") for label, value in fields]}
    yield from ({"type": "section", "text": _mrkdwn(text)} for text in _packed(_label_lines(notification)))
    yield {"type": "context", "elements": [_mrkdwn(_footer(notification))]}


def _footer(notification: Notification) -> str:
    footer = f"Notification {_escaped(notification.notification_id, chars_max=_ID_CHARS_MAX)}"
    rules = [_escaped(rule_id, chars_max=_ID_CHARS_MAX) for rule_id in notification.rule_ids[:_SLACK_RULES_MAX]]
    if left_out := len(notification.rule_ids) - len(rules):
        rules.append(f"and {left_out} more")
    return f"{footer} · Rules {', '.join(rules)}" if rules else footer


def _label_lines(notification: Notification) -> Iterator[str]:
    labels = sorted(notification.context.items())
    for key, value in labels[:_LABELS_MAX]:
        yield f"*{_escaped(key, chars_max=_KEY_CHARS_MAX)}:* {_value(value)}"
    if len(labels) > _LABELS_MAX:
        yield f"_… and {len(labels) - _LABELS_MAX} more_"


def _packed(lines: Iterator[str]) -> Sequence[str]:
    """Put lines together into as few sections as hold them."""
    texts: list[str] = []
    for line in lines:
        if texts and len(texts[-1]) + 1 + len(line) <= SECTION_CHARS_MAX:
            texts[-1] += f"\n{line}"
        else:
            texts.append(line)
    return texts


def _mrkdwn(text: str) -> _Block:
    # Verbatim: no name in it becomes a mention, no word a link to a channel.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _value(text: str) -> str:
    return _escaped(text, chars_max=_VALUE_CHARS_MAX)


def _escaped(text: str, *, chars_max: int) -> str:
    """Return *text* in one line with the three characters escaped that begin links, mentions and commands."""
    line = shown(text, chars_max=chars_max)
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
