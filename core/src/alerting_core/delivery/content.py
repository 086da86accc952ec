"""What a message says to a person on call, in the order in which it is needed: what is wrong, where to look, the rest.

Labels and annotations are what the source of an alert wrote, of any length and with anything in it: `text` makes them
fit to be looked at. Senders that know of no annotations put a summary among the labels, so that it is looked for there
too. Whatever has a place of its own, as the summary has, is not said once more among the rest.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import quote

from alerting_core import limits
from alerting_core.delivery.text import cut, shown
from alerting_core.domain.endpoint import contact_url, url_problems
from alerting_core.domain.notification import Notification

Entry: TypeAlias = tuple[str, str]
"""(name, value) of a label or an annotation."""

_SUMMARIES: Final = ("summary", "title")
_DESCRIPTIONS: Final = ("description", "message")
"""Names under which senders say what is wrong, the usual one first; in any case."""

_LINKS: Final = (
    ("runbook", "Runbook"),
    ("playbook", "Playbook"),
    ("dashboard", "Dashboard"),
    ("panel", "Panel"),
    ("generatorurl", "Query"),
    ("console", "Console"),
    ("silence", "Silence"),
)
"""(what the name of a link begins with, in any case; what we call it), in the order in which they are shown."""

_FIRST_LABELS: Final = (
    *("severity", "team", "owner", "service", "cluster", "namespace", "instance", "host", "hostname", "node", "pod"),
    *("job", "environment", "env", "region"),
)
"""How bad it is, whose it is and where: shown first, so that they are there when others have to be left out."""

_PLACES: Final = (("pod",), ("instance", "host", "hostname", "node"))
"""Labels that say where, one of each: of what runs in Kubernetes either may be the exporter alone that reports it."""

_WIDER_PLACES: Final = ("service", "namespace", "cluster")
"""Those that say it when none of them does."""

_PLACE_CHARS_MAX: Final = 80

_FOUND_LINKS_MAX: Final = 5
"""Links that are taken out of the summary and the description."""

_LINK_CHARS_MAX: Final = limits.ENDPOINT_VALUE_CHARS_MAX
"""A URL that is cut leads elsewhere: what is longer is shown as text. The expression of a rule is in most."""

_ADDRESS_CHARS_MAX: Final = 60

_LOOKED_AT_CHARS_MAX: Final = 8_000
"""Of a text in which links are looked for: twice what any message shows of it."""

_IN_TEXT: Final = re.compile(r"https?://[^\s<>\"\\]+", re.IGNORECASE)
_AFTER_LINK: Final = ".,;:!?'*_~`|"
"""What follows a URL in a sentence, or stands around it as markup."""


@dataclass(frozen=True, slots=True)
class Link:
    """A page to look at. The title is ours, and the host is always shown: nothing can pretend to lead elsewhere.

    Attributes:
        url: http or https, ASCII, without anything that could end a link in HTML or in Slack.
        title: Empty for a link out of a text.
        name: Of the annotation, when there are several of one title.
    """

    url: str
    title: str = ""
    name: str = ""

    @property
    def host(self) -> str:
        """Host, and port when there is one."""
        return re.split("[/?#]", self.url.partition("://")[2], maxsplit=1)[0]

    @property
    def address(self) -> str:
        """The URL as people read it, cut."""
        return cut(self.url.partition("://")[2].removesuffix("/"), chars_max=_ADDRESS_CHARS_MAX)


@dataclass(frozen=True, slots=True)
class Content:
    """What an alert says to people. All but the links is still as its source wrote it.

    Attributes:
        summary: What is wrong, in a line; empty when the source does not say.
        description: The same at length, with its lines; empty likewise.
        labels: The most important first.
        annotations: Those without a place of their own, by name.
    """

    summary: str
    description: str
    links: tuple[Link, ...]
    labels: tuple[Entry, ...]
    annotations: tuple[Entry, ...]

    @property
    def place(self) -> str:
        """Where it is, in a line; empty when no label says so."""
        known = {name.lower(): value for name, value in self.labels if value.strip()}
        found = [next((known[name] for name in names if name in known), "") for names in _PLACES]
        if not any(found):
            found = [next((known[name] for name in _WIDER_PLACES if name in known), "")]
        return ", ".join(shown(value, chars_max=_PLACE_CHARS_MAX) for value in found if value)


def content_of(notification: Notification) -> Content:
    """Return what a message about *notification* has to say."""
    annotations, labels = dict(notification.annotations), dict(notification.context)
    summary = _taken(_SUMMARIES, annotations, labels)
    description = _taken(_DESCRIPTIONS, annotations, labels)
    if description.strip() == summary.strip():
        description = ""
    links: dict[str, Link] = {}
    for link in (*_named_links(annotations, labels), *_links_in(summary, description)):
        links.setdefault(link.url, link)
    return Content(
        summary,
        description,
        tuple(links.values()),
        tuple(sorted(labels.items(), key=lambda label: (_rank(label[0]), label[0]))),
        tuple(sorted(annotations.items())),
    )


def headline(content: Content, *, chars_max: int) -> str:
    """Return in one line what is wrong and where; empty when nothing says so. Where it is, is not cut off."""
    text = content.summary if content.summary.strip() else content.description.strip().partition("\n")[0]
    place = content.place
    if not text.strip():
        return cut(place, chars_max=chars_max)
    line = shown(text, chars_max=chars_max)
    if all(each in line for each in place.split(", ")):
        return line
    room = chars_max - len(place) - 3
    return f"{cut(line, chars_max=room)} ({place})" if room >= _HEADLINE_CHARS_MIN else line


_HEADLINE_CHARS_MIN: Final = 40
"""Of what is wrong, beside where it is: with less room that is left out."""


def safe_url(text: str) -> str | None:
    """Return the URL that *text* is, in ASCII; None when it is none, or not one to be followed by a click.

    Only http and https, with a host and without credentials. What may stand in a URL only percent-encoded, but is
    left as it is by many who write one, is encoded.
    """
    text = text.strip()
    if len(text) > _LINK_CHARS_MAX or not text.isprintable() or any(each in text for each in ' "<>\\'):
        return None
    scheme, _, rest = text.partition("://")
    end = min((at for each in "/?#" if (at := rest.find(each)) >= 0), default=len(rest))
    url = f"{scheme.lower()}://{rest[:end]}{quote(rest[end:], safe=_MAY_STAND)}"
    page, mark, fragment = url.partition("#")
    if len(url) > _LINK_CHARS_MAX or next(url_problems(page), None) is not None:
        return None
    return contact_url(page) + mark + fragment


_MAY_STAND: Final = "%/:?#[]@!$&'()*+,;=~"
"""Beside letters, digits and `-._`."""


def _taken(names: Sequence[str], *places: dict[str, str]) -> str:
    """Take the first text of one of *names* out of *places*, the first place first; empty when there is none."""
    for place in places:
        known = {name.lower(): name for name in sorted(place, reverse=True)}
        for wanted in names:
            if (name := known.get(wanted)) is not None and place[name].strip():
                return place.pop(name)
    return ""


def _named_links(*places: dict[str, str]) -> Sequence[Link]:
    """Take the links that have a name of their own out of *places*, in the order of the table."""
    found: list[tuple[int, str, str]] = []
    for place in places:
        for name, value in sorted(place.items()):
            rank = next((at for at, (start, _) in enumerate(_LINKS) if name.lower().startswith(start)), None)
            url = None if rank is None else safe_url(value)
            if rank is not None and url is not None:
                found.append((rank, name, url))
                del place[name]
    found.sort(key=lambda one: one[0])
    titles = [_LINKS[rank][1] for rank, _, _ in found]
    return [
        Link(url, title, name if titles.count(title) > 1 else "")
        for (_, name, url), title in zip(found, titles, strict=True)
    ]


def _links_in(*texts: str) -> Iterator[Link]:
    """Yield the links that stand in *texts*."""
    left = _FOUND_LINKS_MAX
    for text in texts:
        for found in _IN_TEXT.finditer(text[:_LOOKED_AT_CHARS_MAX]):
            if not left:
                return
            is_short = len(found[0]) <= _LINK_CHARS_MAX
            if is_short and (url := safe_url(_without_end(found[0]))) is not None:
                left -= 1
                yield Link(url)


def _without_end(text: str) -> str:
    """Return a URL without what follows it in a sentence; a bracket belongs to it when it was opened in it."""
    while text:
        if text[-1] in _AFTER_LINK or (text[-1] in ")]}" and text.count(_OPENING[text[-1]]) < text.count(text[-1])):
            text = text[:-1]
        else:
            break
    return text


_OPENING: Final[Mapping[str, str]] = {")": "(", "]": "[", "}": "{"}


def _rank(label: str) -> int:
    name = label.lower()
    return _FIRST_LABELS.index(name) if name in _FIRST_LABELS else len(_FIRST_LABELS)
