"""A notification as a Slack message: Block Kit in an attachment, in the colour of its severity, or of what is over."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from alerting_core.delivery.text import colour_of, shown, times_of
from alerting_core.domain.claim import Claim, HttpMessage
from alerting_core.domain.endpoint import contact_url
from alerting_core.domain.notification import Notification

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
        "attachments": [{"color": colour_of(notification), "blocks": blocks}],
    }


def _title(notification: Notification) -> str:
    title = f"{notification.severity.name}: {notification.name} ({notification.source})"
    return title if notification.ends_at is None else f"Resolved: {title}"


def _header(notification: Notification) -> str:
    title = f"{notification.severity.name} – {notification.name}"
    title = title if notification.ends_at is None else f"Resolved: {title}"
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
        *times_of(notification),
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
