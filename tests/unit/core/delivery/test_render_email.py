"""A notification as a mail."""

from html.parser import HTMLParser
from typing import Any

import pytest

from alerting_core.delivery.plan import render
from alerting_core.domain.alert import Severity
from alerting_core.domain.claim import EmailMessage
from alerting_core.domain.endpoint import EndpointType
from tests.unit.core.delivery.make import NOW_MS, make_claim, make_delivery, make_notification


def mail(target: str = "ops@acme.dev", **changes: Any) -> EmailMessage:
    delivery = make_delivery(target, type=EndpointType.EMAIL)
    message = render(make_claim(delivery, make_notification(**changes)), now_ms=NOW_MS)
    assert isinstance(message, EmailMessage)
    return message


class Page(HTMLParser):
    """Elements and text of a page, as a reader sees them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == [], "an element is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not any(name.startswith("on") for name, _ in attrs)
        self.tags.append(tag)
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_subject_says_severity_and_name() -> None:
    assert mail().subject == "Alert: HIGH - timeout"


def test_the_subject_says_what_is_wrong_and_where() -> None:
    context = {"instance": "db-3.acme.io:9100"}
    subject = mail(annotations={"summary": "Disk is\nalmost full"}, context=context).subject
    assert subject == "Alert: HIGH - timeout - Disk is almost full (db-3.acme.io:9100)"
    assert mail(context=context).subject == "Alert: HIGH - timeout - db-3.acme.io:9100"
    long = mail(name="n" * 300, annotations={"summary": "s" * 900}, context=context).subject
    assert len(long) == 200
    assert long.startswith(f"Alert: HIGH - {'n' * 99}… - sss")
    assert long.endswith("s… (db-3.acme.io:9100)")


def test_text_and_html_hold_every_fact() -> None:
    message = mail()
    page = Page(message.html)
    for fact in ["HIGH", "api", "timeout", "alert-1", "acme", make_notification().notification_id, "rule-1, rule-2"]:
        assert fact in message.text
        assert fact in page.text
    for key, value in make_notification().context.items():
        assert f"  {key}: {value}\n" in message.text
        assert {key, value} <= set(page.text)


SAID = {
    "summary": "Disk of db-3 is almost full",
    "description": "3 % left:\n  /var/lib/postgresql\nSeverity:     LOW",
    "runbook_url": 'https://wiki.acme.io/disk?a=1&b="2',
    "dashboard": "https://grafana.acme.io/d/disk?a=1&b=2",
    "impact": "orders wait",
}


def test_what_is_wrong_comes_first_with_its_lines_then_links_then_the_rest() -> None:
    text = mail(annotations=SAID).text
    assert text.startswith(
        "HIGH alert: timeout\n\n"
        "Summary:      Disk of db-3 is almost full\n\n"
        "Description:\n  3 % left:\n    /var/lib/postgresql\n  Severity:     LOW\n\n"
        "Dashboard:    https://grafana.acme.io/d/disk?a=1&b=2\n\n"
        "Severity:     HIGH\n"
    )
    assert '  runbook_url: https://wiki.acme.io/disk?a=1&b="2\n' in text
    html = mail(annotations=SAID).html
    places = [
        html.index(each)
        for each in (
            "<h1 ",
            "<bdi>Disk of db-3 is almost full</bdi>",
            "<bdi>3 % left:\n  /var/lib/postgresql\nSeverity:     LOW</bdi>",
            '<a href="https://grafana.acme.io/d/disk?a=1&amp;b=2"',
            "<bdi>Source</bdi>",
            "<bdi>impact</bdi>",
            "Notification <bdi>",
        )
    ]
    assert places == sorted(places)
    assert "white-space:pre-wrap" in html[places[2] - 200 : places[2]]


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://acme.io/x",
        "https://user:pass@acme.io/",
        "https://acme.io/\u202egpj",
        "https://acme.io\\@evil.dev/",
        "//evil.dev/",
        "https:///x",
        'https://acme.io/"onclick="x',
    ],
)
def test_no_link_leads_elsewhere_than_to_a_page(url: str) -> None:
    message = mail(annotations={"runbook_url": url}, context={"dashboard": url})
    assert "href=" not in message.html
    assert "runbook_url" in message.text


def test_links_that_do_not_fit_are_counted() -> None:
    many = {f"dashboard_{number}": f"https://grafana.acme.io/{number}/{'x' * 1_900}" for number in range(7)}
    message = mail(annotations=many)
    assert message.text.count("Dashboard:") == 4
    assert "… and 3 more links\n" in message.text
    assert "… and 3 more links" in message.html


def test_the_message_id_is_the_deliverys_on_every_attempt() -> None:
    assert mail().message_id == make_delivery("ops@acme.dev", type=EndpointType.EMAIL).delivery_id


def test_the_domain_of_the_recipient_is_in_ascii() -> None:
    assert mail("ops@bücher.dev").to == "ops@xn--bcher-kva.dev"


@pytest.mark.parametrize(
    ("severity", "colour"),
    [
        (Severity.CRITICAL, "#dc2626"),
        (Severity.HIGH, "#ea580c"),
        (Severity.MEDIUM, "#ca8a04"),
        (Severity.LOW, "#2563eb"),
    ],
)
def test_the_colour_says_the_severity(severity: Severity, colour: str) -> None:
    assert f"border-top:6px solid {colour}" in mail(severity=severity).html


@pytest.mark.parametrize("name", ["a\r\nBcc: all@acme.dev", "a\nb", "a\x00b", "a\u2028b", "a\x85b", "a\u202eb"])
def test_a_name_cannot_break_out_of_the_subject(name: str) -> None:
    subject = mail(name=name).subject
    assert subject.startswith("Alert: HIGH - a")
    assert subject.isprintable()


def test_html_in_an_alert_is_shown_as_text() -> None:
    attack = "</td></table><script>alert(1)</script><img src=x onerror='alert(1)'>\"&amp;"
    message = mail(name=attack, source=attack, alert_id=attack, context={attack: attack})
    page = Page(message.html)
    assert set(page.tags) <= {
        "html", "head", "meta", "title", "body", "table", "tr", "td", "p", "br", "span", "h1", "h2", "bdi"
    }  # fmt: skip
    assert page.text.count(attack) == 5


def test_nothing_is_loaded_from_anywhere_and_a_label_becomes_no_link() -> None:
    html = mail(context={"page": "https://runbooks.acme.dev/"}).html
    assert not any(mark in html for mark in ("src=", "href=", "url(", "@import"))


def test_no_value_can_pass_itself_off_as_another_line() -> None:
    text = mail(source="api\nSeverity: LOW", context={"a": "1\n  b: 2\r\nSeverity: LOW"}).text
    assert "Source:       api Severity: LOW\n" in text
    assert "  a: 1\n        b: 2\n      Severity: LOW\n" in text


def test_text_that_runs_the_other_way_disorders_nothing_around_it() -> None:
    message = mail(name="שלום", context={"rtl": "مرحبا", "override": "a\u202egpj.exe"})
    assert "<bdi>שלום</bdi>" in message.html
    assert "<bdi>مرحبا</bdi>" in message.html
    assert "\u202e" not in message.subject + message.text + message.html
    assert "a\ufffdgpj.exe" in message.text


def test_long_texts_are_cut_and_left_out_labels_are_counted() -> None:
    context = {f"k{number:02}": "v" * 10_000 for number in range(64)}
    message = mail(name="x" * 10_000, context=context)
    assert len(message.subject) == 200
    assert message.subject.endswith("…")
    assert "  k03: " + "v" * 3_999 + "…\n" in message.text
    assert "k04" not in message.text
    assert "60 more labels are left out of this mail" in message.text
    assert "60 more labels are left out of this mail" in message.html


def test_emoji_come_through_unharmed() -> None:
    assert "🚨 👩‍👩‍👧" in mail(name="🚨 👩‍👩‍👧").subject


def test_of_many_rules_the_first_are_named_and_the_rest_counted() -> None:
    text = mail(rule_ids=tuple(f"r{number}" for number in range(25))).text
    assert "r18, r19 and 5 more\n" in text


def test_an_alert_without_labels_has_no_context() -> None:
    message = mail(context={})
    assert "Labels" not in message.text + message.html
