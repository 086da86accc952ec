"""A notification as a Slack message: Block Kit in an attachment, in the colour of its severity, or of what is over.

What strangers wrote stays text. Summary and description are plain text, in which Slack looks for nothing. Where there
is markup of ours beside it, in a line of a label, `<`, `>` and `&` are escaped, so that nothing becomes a link, a
mention or a command, and what Slack would read as markup all the same is set as code, in which it reads none.
`verbatim` keeps it from looking for names of people and channels. Links are made by us alone, from URLs that were
checked.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final, TypeAlias

from alerting_core.delivery.content import Content, Link, content_of, headline
from alerting_core.delivery.text import colour_of, shown, shown_lines, times_of
from alerting_core.domain.claim import Claim, HttpMessage
from alerting_core.domain.endpoint import contact_url
from alerting_core.domain.notification import Notification

HEADER_CHARS_MAX: Final = 150
SECTION_CHARS_MAX: Final = 3_000
FIELDS_MAX: Final = 10
BLOCKS_MAX: Final = 50
"""What Slack takes: of a header, a section's text, fields of a section, blocks of a message."""

_FALLBACK_CHARS_MAX: Final = 200
"""Shown in the notification on a phone's lock screen, in four lines or so, and above the blocks."""

_NAME_CHARS_MAX: Final = 100
"""Of the alert, before what is wrong with it: that must have room there too."""

_SUMMARY_CHARS_MAX: Final = 500
"""A summary is a line or two; what is longer was meant to be a description."""

_VALUE_CHARS_MAX: Final = 300
"""Of one label, before escaping, which makes at most five characters of one: Slack takes 2,000 of a field. The whole
text is in the webhook, the mail and the user interface."""

_FACT_CHARS_MAX: Final = 150
"""Of source and client, likewise."""

_KEY_CHARS_MAX: Final = 100
_ID_CHARS_MAX: Final = 64
"""Of a label's name and of an id, before escaping."""

_LABELS_MAX: Final = 20
_LABELS_CHARS_MAX: Final = 4_000
"""Of one message. A channel is glanced at, and Slack refuses one of some 13,000 characters in all, although no page of
its own says so; what is left out is counted in the last line."""

_SLACK_RULES_MAX: Final = 5

_MARKUP: Final = re.compile(r"[*~`]|(?<!\w)_|_(?!\w)|:(?=[^:\s]*[a-z])[\w+'-]+:|^>", re.ASCII)
"""What could be markup in a line. An underscore within a word is none, and stands in the names of most metrics; nor are
the colons of a time the name of an emoji."""

_Block: TypeAlias = Mapping[str, object]


def render_slack(claim: Claim) -> HttpMessage:
    """Return the POST of a claimed Slack delivery."""
    body = json.dumps(slack_message(claim.notification), ensure_ascii=False, separators=(",", ":")).encode()
    return HttpMessage(contact_url(claim.delivery.target), {"content-type": "application/json"}, body)


def slack_message(notification: Notification) -> Mapping[str, object]:
    """Return the message as Slack's incoming webhooks take it."""
    content = content_of(notification)
    blocks = list(_blocks(notification, content))
    assert len(blocks) <= BLOCKS_MAX
    return {
        "text": _escaped(_title(notification, content), chars_max=_FALLBACK_CHARS_MAX),
        "mrkdwn": False,
        "attachments": [{"color": colour_of(notification), "blocks": blocks}],
    }


def _title(notification: Notification, content: Content) -> str:
    begin = ("" if notification.ends_at is None else "Resolved: ") + f"{notification.severity.name}: "
    name = shown(notification.name, chars_max=_NAME_CHARS_MAX)
    if what := headline(content, chars_max=_FALLBACK_CHARS_MAX - len(begin) - len(name) - 3):
        return f"{begin}{name} – {what}"
    return f"{begin}{name} ({notification.source})"


def _header(notification: Notification) -> str:
    title = f"{notification.severity.name} – {notification.name}"
    title = title if notification.ends_at is None else f"Resolved: {title}"
    return _fitted(shown(title, chars_max=HEADER_CHARS_MAX), chars_max=HEADER_CHARS_MAX)


def _fitted(text: str, *, chars_max: int) -> str:
    """Return *text* cut once more if need be: an emoji is one character here and two in UTF-16, and Slack does not say
    which it counts.
    """
    over = len(text.encode("utf-16-le")) // 2 - chars_max
    return text if over <= 0 else shown_lines(text, chars_max=max(1, len(text) - over))


def _blocks(notification: Notification, content: Content) -> Iterator[_Block]:
    yield {"type": "header", "text": _plain(_header(notification))}
    if content.summary:
        yield {"type": "section", "text": _plain(shown(content.summary, chars_max=_SUMMARY_CHARS_MAX))}
    if content.description:
        lines = shown_lines(content.description, chars_max=SECTION_CHARS_MAX)
        yield {"type": "section", "text": _plain(_fitted(lines, chars_max=SECTION_CHARS_MAX))}
    if content.links:
        yield {"type": "section", "text": _mrkdwn(_links(content.links))}
    facts = list(_facts(notification))
    assert len(facts) <= FIELDS_MAX
    yield {"type": "section", "fields": [_mrkdwn(f"*{label}*\n{value}") for label, value in facts]}
    yield from ({"type": "section", "text": _mrkdwn(text)} for text in _packed(_labels(content)))
    yield {"type": "context", "elements": [_mrkdwn(_footer(notification))]}


def _facts(notification: Notification) -> Iterator[tuple[str, str]]:
    fact = partial(_literal, chars_max=_FACT_CHARS_MAX)
    yield "Severity", notification.severity.name
    yield "Source", fact(notification.source)
    yield from times_of(notification)
    yield "Client", fact(notification.client_id)


def _footer(notification: Notification) -> str:
    id_ = partial(_literal, chars_max=_ID_CHARS_MAX)
    footer = f"Alert {id_(notification.alert_id)} · Notification {id_(notification.notification_id)}"
    rules = [id_(rule_id) for rule_id in notification.rule_ids[:_SLACK_RULES_MAX]]
    if left_out := len(notification.rule_ids) - len(rules):
        rules.append(f"and {left_out} more")
    return f"{footer} · Rules {', '.join(rules)}" if rules else footer


def _links(links: Sequence[Link]) -> str:
    """Return the links in one section, as many as fit."""
    texts: list[str] = []
    room = SECTION_CHARS_MAX
    for link in links:
        text = _link(link)
        room -= len(text) + 1
        if room < len(_left_out(len(links))):
            return "\n".join([*texts, _left_out(len(links) - len(texts))])
        texts.append(text)
    return "\n".join(texts)


def _link(link: Link) -> str:
    # The URL is ASCII, without what would end it; a title out of it must not be read as markup.
    title = link.title or (link.host if _MARKUP.search(link.address) else link.address)
    beside = [] if link.address.startswith(title) else [link.host]
    if link.name:
        beside.insert(0, _literal(link.name, chars_max=_KEY_CHARS_MAX))
    return f"<{_entities(link.url)}|{_entities(title)}>" + (f" ({', '.join(beside)})" if beside else "")


def _labels(content: Content) -> Iterator[str]:
    """Yield a line for each label, the most important first, and then for each annotation that is left."""
    entries = [*content.labels, *content.annotations]
    room = _LABELS_CHARS_MAX
    for place, (key, value) in enumerate(entries):
        line = _label(key, value)
        room -= len(line)
        if place == _LABELS_MAX or room < 0:
            yield _left_out(len(entries) - place)
            return
        yield line


def _label(key: str, value: str) -> str:
    name = _literal(key, chars_max=_KEY_CHARS_MAX)
    name = f"{name}:" if name.startswith("`") else f"*{name}:*"
    return f"{name} {_literal(value, chars_max=_VALUE_CHARS_MAX)}"


def _left_out(count: int) -> str:
    return f"_… and {count} more_"


def _packed(lines: Iterable[str]) -> Sequence[str]:
    """Put lines together into as few sections as hold them."""
    texts: list[str] = []
    for line in lines:
        if texts and len(texts[-1]) + 1 + len(line) <= SECTION_CHARS_MAX:
            texts[-1] += f"\n{line}"
        else:
            texts.append(line)
    return texts


def _plain(text: str) -> _Block:
    return {"type": "plain_text", "text": text, "emoji": False}


def _mrkdwn(text: str) -> _Block:
    # Verbatim: no name in it becomes a mention, no word a link to a channel.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _literal(text: str, *, chars_max: int) -> str:
    """Return *text* in one line that Slack shows as it is; as code when it would read markup in it."""
    line = shown(text, chars_max=chars_max)
    if not _MARKUP.search(line):
        return _entities(line)
    # Nothing but the sign that ends it acts in code: a letter that looks like it takes its place.
    return f"`{_entities(line.replace('`', 'ˋ'))}`"


def _escaped(text: str, *, chars_max: int) -> str:
    """Return *text* in one line with the three characters escaped that begin links, mentions and commands."""
    return _entities(shown(text, chars_max=chars_max))


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
