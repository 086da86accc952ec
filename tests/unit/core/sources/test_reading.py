"""Texts, times and paths, as payloads of other systems have them."""

from typing import Any

import pytest

from alerting_core import limits
from alerting_core.domain.episode import fingerprint_of_key
from alerting_core.errors import ProblemCode
from alerting_core.sources.generic import PARTS, read_mapping
from alerting_core.sources.paths import find, read_path, without
from alerting_core.sources.prometheus import read_posted_alerts
from alerting_core.sources.reading import (
    Unreadable,
    filled,
    first_line,
    flattened,
    key_of,
    merged,
    second_of,
    text_of,
    texts_of,
    time_of,
    with_more,
)

AT_MS = 1_767_323_045_678


@pytest.mark.parametrize(
    ("value", "at_ms"),
    [
        ("2026-01-02T03:04:05.678Z", AT_MS),
        ("2026-01-02T03:04:05.678901234Z", AT_MS),
        ("2026-01-02T03:04:05.678+0000", AT_MS),
        ("2026-01-02 04:04:05.678+01:00", AT_MS),
        (" 2026-01-02t03:04:05.678z ", AT_MS),
        ("2026-01-02T03:04:05.678", AT_MS),
        (AT_MS, AT_MS),
        (AT_MS / 1_000, AT_MS),
        (str(AT_MS), AT_MS),
        ("1767323045", 1_767_323_045_000),
        ("1960-01-01T00:00:00Z", 0),
        (-5, 0),
        ("9999-12-31T23:59:59-12:00", limits.TIME_MS_MAX),
        *((none, None) for none in (None, "", " ", 0, "0001-01-01T00:00:00Z", "0001-01-01T00:00:00", float("inf"))),
        (float("nan"), None),
    ],
)
def test_a_time_is_read(value: Any, at_ms: int | None) -> None:
    assert time_of(value, "at") == at_ms


@pytest.mark.parametrize("value", ["tomorrow", "2026-13-01", "2026-01-02T25:00:00Z", [], {}, True, "1" * 16, "²"])
def test_what_is_no_time_is_a_problem_with_its_field(value: Any) -> None:
    with pytest.raises(Unreadable) as caught:
        time_of(value, "at")
    assert (caught.value.problem.path, caught.value.problem.code) == ("at", ProblemCode.WRONG_TYPE)


def test_a_time_that_matters_little_is_the_first_that_can_be_read() -> None:
    assert second_of("tomorrow", None, AT_MS) == AT_MS // 1_000
    assert second_of("tomorrow") is None


def test_texts_are_made_of_whatever_stands_there() -> None:
    assert [text_of(one) for one in ("a", None, 5, 1.5, True, [1], {"ä": None})] == (
        ["a", "", "5", "1.5", "true", "[1]", '{"ä": null}']
    )
    assert texts_of({"a": None, "b": 1}) == {"b": "1"}
    assert texts_of([1]) == texts_of(None) == {}
    assert first_line("\n  first \nsecond") == "first"
    assert first_line(" \n") == ""


def test_what_is_there_already_goes_before_what_is_added_and_what_is_empty_is_not() -> None:
    assert with_more({"a": "1"}, {"a": "2", "b": "3", "c": ""}) == {"a": "1", "b": "3"}
    assert filled({"a": "1", "b": "", "c": " "}) == {"a": "1", "c": " "}


def test_what_stands_at_a_path_can_be_left_out_and_all_else_stays() -> None:
    value = {"a": {"b": 1, "c": 2}, "d": [3]}
    assert without(value, ("a", "b")) == {"a": {"c": 2}, "d": [3]}
    assert without(value, ("d",)) == {"a": {"b": 1, "c": 2}}
    for nowhere in ((), ("e",), ("d", 0), ("a", "b", "c")):
        assert without(value, nowhere) == value
    assert value == {"a": {"b": 1, "c": 2}, "d": [3]}


def test_an_object_is_flattened_to_a_depth_that_people_read() -> None:
    value = {"a": {"b": {"c": {"d": 1}}}, "e": [1], "f": None, "g": {}}
    assert flattened(value) == {"a.b.c": '{"d": 1}', "e": "[1]", "g": "{}"}
    assert flattened([1]) == {}


def test_what_a_source_knows_an_alert_by_is_a_dedup_key_that_others_can_name() -> None:
    assert key_of("pagerduty", "web1/disk") == fingerprint_of_key("pagerduty:web1/disk")
    assert key_of("x", "a", None, "b") == fingerprint_of_key("x:a/b")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("$", []),
        ("$.a", ["a"]),
        ("$.a.b-c_1", ["a", "b-c_1"]),
        ("$[0]", [0]),
        ("$.a[12].b", ["a", 12, "b"]),
        ("$['a b']", ["a b"]),
        ('$["a.b"].c', ["a.b", "c"]),
        ("$['']", [""]),
    ],
)
def test_a_path_is_read_step_by_step(text: str, path: list[str | int]) -> None:
    assert read_path(text) == tuple(path)


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", ".a", "$a", "$.", "$..a", "$.*", "$[*]", "$[-1]", "$[1:2]", "$[?(@.a)]", "$[٣]"),
        *("$.a ", "$['a", "$.1", "$$$", "$" + ".a" * 300),
    ],
)
def test_what_would_have_to_be_searched_for_is_no_path(text: str) -> None:
    assert read_path(text) is None


def test_a_path_leads_to_one_place_or_to_nothing() -> None:
    value = {"a": [{"b": 1}, None], "c d": {"": 2}, "0": 3}
    assert find(value, read_path("$.a[0].b") or ()) == 1
    assert find(value, read_path("$['c d']['']") or ()) == 2
    assert find(value, read_path("$") or ()) == value
    for text in ("$.a[2]", "$.a.b", "$.a[1].b", "$[0]", "$.x.y.z", "$['c d'][0]"):
        assert find(value, read_path(text) or ()) is None


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ({}, [("name", "missing")]),
        ({"name": " "}, [("name", "missing")]),
        ({"name": "$."}, [("name", "unknown-value")]),
        ({"name": "x", "items": "alerts"}, [("items", "unknown-value")]),
        ({"name": "x", "context": "labels"}, [("context", "unknown-value")]),
        ({"name": "x", "colour": "$.a"}, [("colour", "unknown-field")]),
        ({"name": "x" * 501, "severity": "$x"}, [("name", "too-long"), ("severity", "unknown-value")]),
    ],
)
def test_all_that_is_wrong_with_a_mapping_is_told_with_its_part(
    texts: dict[str, str], found: list[tuple[str, str]]
) -> None:
    problems = read_mapping(texts)
    assert isinstance(problems, tuple)
    assert [(problem.path, str(problem.code)) for problem in problems] == found


def test_every_part_of_a_mapping_may_be_a_path() -> None:
    assert not isinstance(read_mapping(dict.fromkeys(PARTS, "$.a")), tuple)


def test_a_long_list_is_read_piece_by_piece_and_places_count_on() -> None:
    items = [{"labels": {"alertname": "a"}}, 5] * limits.ALERTS_PER_REQUEST_MAX
    readings = read_posted_alerts(items, source_label="job")
    first = next(readings)
    assert len(first.drafts) + len(first.problems) == limits.ALERTS_PER_REQUEST_MAX
    rest = merged(readings)
    assert rest.drafts[0][0] == f"[{limits.ALERTS_PER_REQUEST_MAX}]"
    assert rest.problems[-1].path == f"[{len(items) - 1}]"
