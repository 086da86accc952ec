"""A notification as a mail: plain text, and HTML that mail programs on phones and desktops show alike.

Both begin with what is wrong: what the source says of it, and where to look. Links lead to URLs that were checked, and
say to which host; nothing is loaded from anywhere.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from textwrap import indent
from typing import Final

from alerting_core.delivery.content import Content, Entry, Link, content_of, headline
from alerting_core.delivery.text import colour_of, duration_of, shown, shown_lines, times_of
from alerting_core.domain.claim import Claim, EmailMessage
from alerting_core.domain.endpoint import read_address
from alerting_core.domain.notification import Notification

SUBJECT_CHARS_MAX: Final = 200
"""More than any list of mails shows."""

_NAME_CHARS_MAX: Final = 100
"""Of the alert in a subject that says what is wrong too."""

_SUMMARY_CHARS_MAX: Final = 1_000
_DESCRIPTION_CHARS_MAX: Final = 8_000
"""Some pages: a description that holds the output of a program is longer than one to be read."""

VALUE_CHARS_MAX: Final = 4_000
"""Of one label: a runbook's text. Mail programs cut a mail at about 100 kB."""

_LABELS_CHARS_MAX: Final = 20_000
"""Of all labels and annotations, beside description and links: with escaping and markup still within what mail programs
show in full."""

_LINKS_CHARS_MAX: Final = 8_000
"""Of the URLs of all links together: a handful, as a rule."""

_MAIL_RULES_MAX: Final = 20

_FONT: Final = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_LABEL_STYLE: Final = "padding:6px 12px 6px 0;color:#4b5563;font-size:14px;vertical-align:top;width:30%"
_VALUE_STYLE: Final = (
    "padding:6px 0;color:#111827;font-size:14px;vertical-align:top;"
    "white-space:pre-wrap;word-break:break-word;overflow-wrap:anywhere"
)
_TEXT_STYLE: Final = "color:#111827;overflow-wrap:anywhere;word-break:break-word"
_HEADING_STYLE: Final = "margin:20px 0 4px;color:#111827;font-size:15px"


@dataclass(frozen=True, slots=True)
class _Mail:
    """What both forms of a mail say, fit to be looked at.

    Attributes:
        links_left_out: How many more there are.
        facts: What the platform knows of it.
        labels: Labels first, then the annotations that have no place of their own.
        ids: For those who look it up.
    """

    notification: Notification
    name: str
    summary: str
    description: str
    links: Sequence[Link]
    links_left_out: int
    facts: Sequence[Entry]
    labels: Sequence[Entry]
    ids: Sequence[Entry]


def render_email(claim: Claim) -> EmailMessage:
    """Return the mail of a claimed e-mail delivery; its message id is the delivery's, on every attempt."""
    target = claim.delivery.target
    mail = _mail(claim.notification)
    return EmailMessage(
        to=read_address(target) or target,
        subject=email_subject(claim.notification),
        text=_text(mail),
        html=_html(mail),
        message_id=claim.delivery.delivery_id,
        client_id=claim.delivery.client_id,
    )


def email_subject(notification: Notification) -> str:
    """Return `Alert: <severity> - <name> - <what is wrong, and where>` in one line, whatever the alert holds.

    It begins with `Resolved` when it is over. Nothing is said of what is wrong where the alert does not say it.
    """
    content = content_of(notification)
    begin = ("Alert" if notification.ends_at is None else "Resolved") + f": {notification.severity.name} - "
    name = shown(notification.name, chars_max=_NAME_CHARS_MAX)
    if what := headline(content, chars_max=SUBJECT_CHARS_MAX - len(begin) - len(name) - 3):
        return f"{begin}{name} - {what}"
    return begin + shown(notification.name, chars_max=SUBJECT_CHARS_MAX - len(begin))


def _mail(notification: Notification) -> _Mail:
    content = content_of(notification)
    rules = notification.rule_ids[:_MAIL_RULES_MAX]
    left_out = len(notification.rule_ids) - len(rules)
    named = ", ".join(rules) + (f" and {left_out} more" if left_out else "")
    links = _links(content)
    facts = (
        ("Severity", notification.severity.name),
        ("Source", notification.source),
        *times_of(notification),
        ("Client", notification.client_id),
    )
    ids = (("Alert", notification.alert_id), ("Notification", notification.notification_id), ("Rules", named))
    return _Mail(
        notification=notification,
        name=shown(notification.name, chars_max=SUBJECT_CHARS_MAX),
        summary=shown(content.summary, chars_max=_SUMMARY_CHARS_MAX) if content.summary else "",
        description=shown_lines(content.description, chars_max=_DESCRIPTION_CHARS_MAX) if content.description else "",
        links=links,
        links_left_out=len(content.links) - len(links),
        facts=_shown(facts),
        labels=_labels(content),
        ids=_shown(ids),
    )


def _shown(rows: Sequence[Entry]) -> Sequence[Entry]:
    return [(label, shown(value, chars_max=1_000)) for label, value in rows if value]


def _links(content: Content) -> Sequence[Link]:
    links, room = list[Link](), _LINKS_CHARS_MAX
    for link in content.links:
        room -= len(link.url)
        if room < 0:
            break
        links.append(link)
    return links


def _labels(content: Content) -> Sequence[Entry]:
    entries = [*content.labels, *content.annotations]
    rows: list[Entry] = []
    room = _LABELS_CHARS_MAX
    for key, value in entries:
        row = (shown(key, chars_max=255), shown_lines(value, chars_max=VALUE_CHARS_MAX))
        room -= len(row[0]) + len(row[1])
        if room < 0:
            rows.append(("…", f"{len(entries) - len(rows)} more labels are left out of this mail"))
            break
        rows.append(row)
    return rows


def _state(notification: Notification) -> str:
    alert = f"{notification.severity.name} alert"
    return alert if notification.ends_at is None else f"Resolved {alert}"


def _text(mail: _Mail) -> str:
    lines = [f"{_state(mail.notification)}: {mail.name}", ""]
    if mail.summary:
        lines += [_line("Summary", mail.summary), ""]
    if mail.description:
        # Set in, so that no line of it can pass itself off as one of ours.
        lines += ["Description:", indent(mail.description, "  "), ""]
    if mail.links:
        lines += (_line(link.title or "Link", link.url) for link in mail.links)
        lines += [f"… and {mail.links_left_out} more links", ""] if mail.links_left_out else [""]
    lines += (_line(label, value) for label, value in mail.facts)
    if mail.labels:
        lines += ["", "Labels"]
        lines += (_text_label(key, value) for key, value in mail.labels)
    lines += ["", *(_line(label, value) for label, value in mail.ids)]
    return "\n".join(lines) + "\n"


def _line(label: str, value: str) -> str:
    return f"{label + ':':<14}{value}"


def _text_label(key: str, value: str) -> str:
    # Further lines are set in, so that no value can pass itself off as a line of ours.
    first, _, rest = value.partition("\n")
    return f"  {key}: {first}" + (f"\n{indent(rest, '      ')}" if rest else "")


def _html(mail: _Mail) -> str:
    colour = colour_of(mail.notification)
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(email_subject(mail.notification))}</title></head>"
        f'<body style="margin:0;padding:16px;background:#f3f4f6;{_FONT}">'
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" '
        'style="max-width:600px;margin:0 auto;background:#ffffff;border:1px solid #e5e7eb;'
        f'border-top:6px solid {colour};table-layout:fixed">'
        '<tr><td style="padding:20px">'
        f'<p style="margin:0 0 4px;color:#111827;font-size:13px;font-weight:600;letter-spacing:.05em">'
        f'<span style="color:{colour}">&#9679;</span> {_badge(mail.notification)}</p>'
        f'<h1 style="margin:0 0 12px;font-size:20px;line-height:1.3;{_TEXT_STYLE}"><bdi>{escape(mail.name)}</bdi></h1>'
        f"{''.join(_html_said(mail))}"
        f"{''.join(_html_table(mail.facts))}"
        f"{''.join(_html_labels(mail.labels))}"
        f"{''.join(_html_ids(mail.ids))}"
        "</td></tr></table></body></html>\n"
    )


def _badge(notification: Notification) -> str:
    lasted = duration_of(notification)
    return notification.severity.name + ("" if lasted is None else f" &middot; Resolved after {lasted}")


def _html_said(mail: _Mail) -> Iterator[str]:
    """Yield what the source says of it, and the links."""
    if mail.summary:
        style = f"margin:0 0 12px;font-size:16px;line-height:1.45;{_TEXT_STYLE}"
        yield f'<p style="{style}"><bdi>{escape(mail.summary)}</bdi></p>'
    if mail.description:
        style = f"margin:0 0 12px;font-size:14px;line-height:1.5;white-space:pre-wrap;{_TEXT_STYLE}"
        yield f'<p style="{style}"><bdi>{escape(mail.description)}</bdi></p>'
    if mail.links:
        items = [_html_link(link) for link in mail.links]
        items += [f"… and {mail.links_left_out} more links"] if mail.links_left_out else []
        yield f'<p style="margin:0 0 16px;font-size:14px;line-height:1.8;{_TEXT_STYLE}">{"<br>".join(items)}</p>'


def _html_link(link: Link) -> str:
    title = link.title or link.address
    beside = [shown(link.name, chars_max=60)] if link.name else []
    beside += [] if link.address.startswith(title) else [link.host]
    text = f'<a href="{escape(link.url)}" style="color:#1d4ed8;font-weight:600">{escape(title)}</a>'
    if not beside:
        return text
    return f'{text} <span style="color:#4b5563;font-size:13px"><bdi>{escape(", ".join(beside))}</bdi></span>'


def _html_labels(labels: Sequence[Entry]) -> Iterator[str]:
    if labels:
        yield f'<h2 style="{_HEADING_STYLE}">Labels</h2>'
        yield from _html_table(labels)


def _html_ids(ids: Sequence[Entry]) -> Iterator[str]:
    yield '<p style="margin:20px 0 0;color:#4b5563;font-size:12px;line-height:1.6;word-break:break-word">'
    yield "<br>".join(f"{label} <bdi>{escape(value)}</bdi>" for label, value in ids)
    yield "</p>"


def _html_table(rows: Sequence[Entry]) -> Iterator[str]:
    yield '<table width="100%" cellpadding="0" cellspacing="0" style="table-layout:fixed;border-collapse:collapse">'
    for label, value in rows:
        label_style = f"{_LABEL_STYLE};overflow-wrap:anywhere;word-break:break-word"
        yield (
            f'<tr style="border-top:1px solid #f3f4f6"><td style="{label_style}"><bdi>{escape(label)}</bdi></td>'
            f'<td style="{_VALUE_STYLE}"><bdi>{escape(value)}</bdi></td></tr>'
        )
    yield "</table>"
