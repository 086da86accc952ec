"""What a message says of an alert: which text is the summary, which links may be followed, what comes first."""

import pytest

from alerting_core.delivery.content import Content, content_of, headline, safe_url
from tests.unit.core.delivery.make import make_notification


def content(context: dict[str, str] | None = None, **annotations: str) -> Content:
    return content_of(make_notification(context=context or {}, annotations=annotations))


def test_summary_and_description_are_found_in_any_case_and_among_labels_too() -> None:
    said = content({"Summary": "of a label", "team": "a"}, Description="at length", other="x")
    assert (said.summary, said.description) == ("of a label", "at length")
    assert (said.labels, said.annotations) == ((("team", "a"),), (("other", "x"),))


def test_an_annotation_goes_before_a_label_of_the_same_name_which_stays_a_label() -> None:
    said = content({"summary": "of a label"}, summary="of an annotation")
    assert (said.summary, said.labels) == ("of an annotation", (("summary", "of a label"),))


def test_a_blank_text_says_nothing_and_the_next_name_is_looked_for() -> None:
    said = content({"title": "of a label"}, summary=" \n", message="at length")
    assert (said.summary, said.description) == ("of a label", "at length")
    assert said.annotations == (("summary", " \n"),)


def test_a_description_that_repeats_the_summary_is_not_said_twice() -> None:
    assert content(summary="It is full.", description="It is full.\n").description == ""


def test_links_come_in_the_order_of_their_use_each_page_once() -> None:
    said = content(
        generatorURL="http://prometheus:9090/graph",
        dashboardURL="https://grafana.acme.io/d/1",
        runbook="https://wiki.acme.io/a",
        summary="See https://wiki.acme.io/a, https://wiki.acme.io/b.",
    )
    assert [(link.title, link.url) for link in said.links] == [
        ("Runbook", "https://wiki.acme.io/a"),
        ("Dashboard", "https://grafana.acme.io/d/1"),
        ("Query", "http://prometheus:9090/graph"),
        ("", "https://wiki.acme.io/b"),
    ]
    assert said.annotations == ()


def test_several_links_of_one_kind_are_told_apart_by_their_names() -> None:
    said = content(dashboard_a="https://g.acme.io/1", dashboard_b="https://g.acme.io/2")
    assert [(link.title, link.name) for link in said.links] == [
        ("Dashboard", "dashboard_a"),
        ("Dashboard", "dashboard_b"),
    ]


def test_what_is_no_link_stays_among_the_annotations() -> None:
    said = content(runbook_url="javascript:alert(1)", dashboard="see the wiki")
    assert said.links == ()
    assert dict(said.annotations) == {"runbook_url": "javascript:alert(1)", "dashboard": "see the wiki"}


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://wiki.acme.io", "https://wiki.acme.io"),
        (" HTTPS://Wiki.acme.io/a#b \n", "https://Wiki.acme.io/a#b"),
        ("http://10.0.0.1:9090/graph?g0.expr=a%3D%3D1&x=[1]", "http://10.0.0.1:9090/graph?g0.expr=a%3D%3D1&x=[1]"),
        ("http://[::1]:9090/x", "http://[::1]:9090/x"),
        ("https://acme.io/ü?q=a|b{c}^`", "https://acme.io/%C3%BC?q=a%7Cb%7Bc%7D%5E%60"),
        ("https://bücher.dev/x", "https://xn--bcher-kva.dev/x"),
    ],
)
def test_a_page_is_a_link_in_ascii(text: str, url: str) -> None:
    assert safe_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "wiki.acme.io",
        "//acme.io/x",
        "javascript:alert(1)//https://acme.io",
        "data:text/html,x",
        "file:///etc/passwd",
        "https://",
        "https:///x",
        "https://a b.dev",
        "https://user@acme.io/",
        "https://acme.io@evil.dev/",
        "https://acme.io\\@evil.dev/",
        "https://acme.io/<script>",
        'https://acme.io/"x',
        "https://acme.io/\nx",
        "https://acme.io/\u202egpj",
        "https://acme.io/\u200bx",
        "https://127.1/",
        "https://acme.io:99999/",
        "https://acme.io/" + "x" * 2_048,
    ],
)
def test_anything_else_is_none(text: str) -> None:
    assert safe_url(text) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("(see https://a.io/x_(y)).", ["https://a.io/x_(y)"]),
        ("[docs](https://a.io/x)", ["https://a.io/x"]),
        ("*https://a.io/x*, `https://a.io/y`!", ["https://a.io/x", "https://a.io/y"]),
        ("<https://a.io/x|here>", ["https://a.io/x%7Chere"]),
        ("https://a.io/" + "x" * 3_000, []),
        ("https:// https://@ http:/a.io", []),
        (" ".join(f"https://a.io/{n}" for n in range(9)), [f"https://a.io/{n}" for n in range(5)]),
    ],
)
def test_links_in_a_text_end_where_the_sentence_goes_on(text: str, found: list[str]) -> None:
    assert [link.url for link in content(description=text).links] == found


def test_labels_that_say_how_bad_whose_and_where_come_first() -> None:
    names = ["zone", "alertname", "region", "pod", "instance", "Team", "severity"]
    said = content(dict.fromkeys(names, "x"))
    assert [name for name, _ in said.labels] == ["severity", "Team", "instance", "pod", "region", "alertname", "zone"]


@pytest.mark.parametrize(
    ("context", "annotations", "line"),
    [
        ({}, {}, ""),
        ({"instance": "a:1"}, {}, "a:1"),
        ({"pod": "p", "instance": "a:1"}, {"summary": "It is full"}, "It is full (p, a:1)"),
        ({"instance": "a:1"}, {"summary": "a:1 is full"}, "a:1 is full"),
        ({"cluster": "c", "namespace": "n"}, {"description": "first\nsecond"}, "first (n)"),
    ],
)
def test_the_headline_says_what_is_wrong_and_where(
    context: dict[str, str], annotations: dict[str, str], line: str
) -> None:
    assert headline(content(context, **annotations), chars_max=100) == line


def test_the_headline_is_cut_where_it_says_what_not_where_it_is() -> None:
    said = content({"instance": "a:1"}, summary="x" * 500)
    assert headline(said, chars_max=50) == "x" * 43 + "… (a:1)"
    assert headline(said, chars_max=20) == "x" * 19 + "…"
