"""A notification as a mail: plain text, and HTML that mail programs on phones and desktops show alike."""

from collections.abc import Iterator, Sequence
from html import escape
from textwrap import indent
from typing import Final

from alerting_core.delivery.text import colour_of, shown, shown_lines, times_of
from alerting_core.domain.claim import Claim, EmailMessage
from alerting_core.domain.endpoint import read_address
from alerting_core.domain.notification import Notification

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
    """Return `Alert: <severity> - <name>` in one line, whatever the name holds; `Resolved: …` when it is over."""
    what = "Alert" if notification.ends_at is None else "Resolved"
    return shown(f"{what}: {notification.severity.name} - {notification.name}", chars_max=SUBJECT_CHARS_MAX)


def _facts(notification: Notification) -> Sequence[Row]:
    rules = notification.rule_ids[:_MAIL_RULES_MAX]
    left_out = len(notification.rule_ids) - len(rules)
    rows = (
        ("Severity", notification.severity.name),
        ("Source", notification.source),
        ("Name", notification.name),
        *times_of(notification),
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
    lines = [f"{_state(notification)}: {shown(notification.name, chars_max=SUBJECT_CHARS_MAX)}", ""]
    lines += (f"{label + ':':<14}{value}" for label, value in facts)
    if labels:
        lines += ["", "Context"]
        lines += (_text_label(key, value) for key, value in labels)
    return "\n".join(lines) + "\n"


def _state(notification: Notification) -> str:
    alert = f"{notification.severity.name} alert"
    return alert if notification.ends_at is None else f"Resolved {alert}"


def _badge(notification: Notification) -> str:
    return notification.severity.name + ("" if notification.ends_at is None else " &middot; Resolved")


def _text_label(key: str, value: str) -> str:
    # Further lines are set in, so that no value can pass itself off as a line of ours.
    first, _, rest = value.partition("\n")
    return f"  {key}: {first}" + (f"\n{indent(rest, '      ')}" if rest else "")


def _html(notification: Notification, facts: Sequence[Row], labels: Sequence[Row]) -> str:
    colour = colour_of(notification)
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
        f'<span style="color:{colour}">&#9679;</span> {_badge(notification)}</p>'
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
