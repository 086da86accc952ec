"""Whatever an alert holds, its messages are harmless, within the receiver's limits, and can be sent."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage as MimeMessage
from email.parser import BytesParser
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from hypothesis import given
from hypothesis import strategies as st

from alerting_core.delivery.plan import render
from alerting_core.delivery.slack import slack_message
from alerting_core.delivery.text import shown, shown_lines
from alerting_core.delivery.webhook import webhook_body
from alerting_core.domain.claim import EmailMessage
from alerting_core.domain.endpoint import EndpointType
from alerting_core.domain.notification import Notification
from tests.property.hostile import hostile_notifications, hostile_texts
from tests.support.slack_page import slack_page
from tests.unit.core.delivery.make import NOW_MS, make_claim, make_delivery

notifications = hostile_notifications() | hostile_notifications(within_limits=False)


def mail_of(notification: Notification) -> EmailMessage:
    delivery = make_delivery("ops@acme.dev", type=EndpointType.EMAIL)
    message = render(make_claim(delivery, notification), now_ms=NOW_MS)
    assert isinstance(message, EmailMessage)
    return message


def texts_of(block: Any) -> Iterator[dict[str, Any]]:
    """Yield every text object of a Slack message, however deep."""
    if isinstance(block, list):
        for each in block:
            yield from texts_of(each)
    elif isinstance(block, dict):
        if block.get("type") in {"mrkdwn", "plain_text"}:
            yield block
        else:
            for each in block.values():
                yield from texts_of(each)


@given(notifications)
def test_a_webhook_says_exactly_what_the_alert_said(notification: Notification) -> None:
    document = json.loads(webhook_body(notification))
    assert document["context"] == dict(notification.context)
    assert (document["name"], document["source"]) == (notification.name, notification.source)
    assert document["rule_ids"] == list(notification.rule_ids)


@given(notifications)
def test_a_slack_message_is_within_slacks_limits(notification: Notification) -> None:
    message = json.loads(json.dumps(slack_message(notification)))
    (attachment,) = message["attachments"]
    assert 1 <= len(message["text"]) <= 4_000
    assert len(attachment["blocks"]) <= 50
    for block in attachment["blocks"]:
        match block["type"]:
            case "header":
                assert len(block["text"]["text"].encode("utf-16-le")) // 2 <= 150
            case "section" if "fields" in block:
                assert len(block["fields"]) <= 10
                assert all(1 <= len(field["text"]) <= 2_000 for field in block["fields"])
            case "section":
                assert 1 <= len(block["text"]["text"]) <= 3_000
            case "context":
                assert len(block["elements"]) <= 10
                assert all(1 <= len(element["text"]) <= 3_000 for element in block["elements"])
            case other:
                raise AssertionError(f"unexpected block {other}")


@given(notifications)
def test_a_slack_message_mentions_nobody_and_links_nowhere(notification: Notification) -> None:
    message = json.loads(json.dumps(slack_message(notification)))
    assert message["mrkdwn"] is False
    for text in [{"type": "mrkdwn", "text": message["text"], "verbatim": True}, *texts_of(message)]:
        if text["type"] == "mrkdwn":
            assert text["verbatim"]
            # Nothing but links of ours, which lead where they say.
            rest = _SLACK_LINK.sub(_checked, text["text"])
            assert not set("<>") & set(rest)
            # Each & begins one of the three entities: nothing was cut in the middle.
            assert rest.count("&") == sum(rest.count(each) for each in ("&amp;", "&lt;", "&gt;"))


_SLACK_LINK = re.compile(r"<(https?://[!-;=?-{}~]+)\|([^<>|]+)>(?: \(([^<>]*)\))?")


def _checked(link: re.Match[str]) -> str:
    host = urlsplit(link[1]).netloc
    assert host
    assert "@" not in host
    assert host in (link[3] or link[2])
    return ""


@given(notifications)
def test_a_slack_message_shows_what_strangers_wrote_as_they_wrote_it(notification: Notification) -> None:
    """Reads the markup as Slack documents it: what is not code holds none but ours."""
    page = slack_page(slack_message(notification))
    tags = Counter(re.findall("<(b|em|s|blockquote|i)>", page))
    assert set(tags) <= {"b", "em"}
    # Ours: the names of fields and labels, and how many labels or links are left out.
    assert tags["b"] <= 4 + 20 + 1
    assert tags["em"] <= 2


@given(notifications)
def test_a_slack_message_is_short_enough_for_slack_to_take_it(notification: Notification) -> None:
    message = json.loads(json.dumps(slack_message(notification)))
    assert sum(len(text["text"]) for text in texts_of(message)) <= 13_000


class _Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.depth = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]
        self.depth += tag not in {"meta", "br"}

    def handle_endtag(self, tag: str) -> None:
        self.depth -= 1


@given(notifications)
def test_the_html_of_a_mail_has_our_elements_alone(notification: Notification) -> None:
    html = mail_of(notification).html
    page = _Tags(html)
    ours = {"html", "head", "meta", "title", "body", "table", "tr", "td", "p", "br", "a", "span", "h1", "h2", "bdi"}
    assert page.tags <= ours
    assert page.attributes <= {
        "lang",
        "charset",
        "name",
        "content",
        "style",
        "role",
        "width",
        "cellpadding",
        "cellspacing",
        "href",
    }
    for link in page.links:
        assert link.isascii()
        assert link.startswith(("https://", "http://"))
        assert urlsplit(link).netloc
        assert "@" not in urlsplit(link).netloc
    assert page.depth == 0
    assert shown(notification.name, chars_max=200) in unescape(html)


@given(notifications)
def test_a_mail_is_short_enough_and_its_subject_is_one_line(notification: Notification) -> None:
    message = mail_of(notification)
    assert len(message.subject) <= 200
    assert message.subject.startswith(f"Alert: {notification.severity.name} - ")
    assert not any(ord(character) < 0x20 or character in "\x7f\x85\u2028\u2029" for character in message.subject)
    assert len(message.text) < 64_000
    assert len(message.html) < 256_000


@given(notifications)
def test_a_mail_can_be_written_down_and_read_back(notification: Notification) -> None:
    message = mail_of(notification)
    mime = MimeMessage(policy.SMTP)
    mime["To"] = message.to
    mime["Subject"] = message.subject
    mime.set_content(message.text)
    mime.add_alternative(message.html, subtype="html")
    read = BytesParser(policy=policy.default).parsebytes(mime.as_bytes())
    assert set(read.keys()) == {"To", "Subject", "MIME-Version", "Content-Type"}
    assert [part.get_content_type() for part in read.iter_parts()] == ["text/plain", "text/html"]


@given(hostile_texts | st.text(st.characters()), st.integers(1, 500))
def test_shown_text_is_bounded_encodable_and_never_empty(text: str, chars_max: int) -> None:
    line, lines = shown(text, chars_max=chars_max), shown_lines(text, chars_max=chars_max)
    assert 1 <= len(line) <= chars_max
    assert 1 <= len(lines) <= chars_max
    assert len(line.splitlines()) == 1
    assert lines.splitlines() == lines.split("\n")
    for each in (line, lines):
        each.encode()
        assert not any(0x202A <= ord(character) <= 0x202E or 0x2066 <= ord(character) <= 0x2069 for character in each)


@given(st.text("abc é🚨", max_size=80).map(lambda text: " ".join(text.split())).filter(bool))
def test_harmless_text_is_shown_as_it_is(text: str) -> None:
    assert shown(text, chars_max=80) == shown_lines(text, chars_max=80) == text
