"""An alert that is beyond the bounds is made fit, and says what is missing."""

from dataclasses import replace

import pytest

from alerting_core import limits
from alerting_core.codec.records import Rejected, decode_alert, decode_match, encode_alert, encode_match_tail
from alerting_core.domain.alert import Alert, AlertLife, Match, Severity, check_alert
from alerting_core.domain.fitting import CUT, MARK, NAMELESS, cut_to, fitted, fitted_texts, named

ALERT = Alert("a-1", Severity.HIGH, "api", "timeout", 1_767_323_045, {"region": "eu"})


def test_an_alert_that_fits_stays_as_it_is() -> None:
    assert fitted(ALERT) == ALERT


@pytest.mark.parametrize(
    ("event_ts", "fit", "mark"),
    [
        (1_767_323_045_678, 1_767_323_045, None),
        (1_767_323_045_678_901, 1_767_323_045, None),
        (1_767_323_045_678_901_234, 1_767_323_045, None),
        (-1, 0, "event_ts was -1"),
        (-(1 << 63), 0, f"event_ts was {-(1 << 63)}"),
        ((1 << 63) - 1, 9_223_372_036, None),
        (0, 0, None),
    ],
)
def test_a_time_in_finer_units_is_in_seconds_and_one_before_1970_is_marked(
    event_ts: int, fit: int, mark: str | None
) -> None:
    alert = fitted(replace(ALERT, event_ts=event_ts))
    assert (alert.event_ts, alert.annotations.get(MARK)) == (fit, mark)


def test_an_alert_without_an_id_gets_one_that_follows_from_what_it_says() -> None:
    nameless = replace(ALERT, alert_id="")
    assert fitted(nameless).alert_id == fitted(replace(nameless, alert_id=" ")).alert_id != ""
    others = [replace(nameless, event_ts=7), replace(nameless, name="n"), replace(nameless, context={"region": "us"})]
    assert len({fitted(one).alert_id for one in (nameless, *others)}) == 4
    assert "no alert_id" in fitted(nameless).annotations[MARK]


@pytest.mark.parametrize("alert_id", [" a", "a ", "a\nb", "a\0b", "x" * 256, "\ud83d", "\x01"])
def test_an_odd_id_becomes_one_that_no_other_has(alert_id: str) -> None:
    fit = fitted(replace(ALERT, alert_id=alert_id))
    assert check_alert(fit) == ()
    assert "another alert_id" in fit.annotations[MARK]
    assert fit.alert_id != fitted(replace(ALERT, alert_id=alert_id + "x")).alert_id


@pytest.mark.parametrize(
    ("text", "fit"),
    [("a\0b", "a�b"), ("\ud800", "�"), ("x" * 256, "x" * 251 + CUT), (" a ", " a ")],
)
def test_a_name_and_a_source_are_made_fit(text: str, fit: str) -> None:
    alert = fitted(replace(ALERT, name=text, source=text))
    assert (alert.name, alert.source) == (fit, fit)


@pytest.mark.parametrize("blank", ["", " \t", "\n"])
def test_a_name_and_a_source_that_are_blank_are_guessed_at_only_where_it_is_an_alert_for_sure(blank: str) -> None:
    nameless = replace(ALERT, name=blank, source=blank)
    assert isinstance(decode_alert(encode_alert(nameless)), Rejected)
    assert (named(nameless).name, named(nameless).source) == (NAMELESS, NAMELESS)
    assert named(ALERT) == ALERT
    assert isinstance(decode_alert(b"x" * 10_000), Rejected), "these bytes are a message without one known field"


def test_entries_that_are_left_out_are_the_least_important_and_the_order_stays() -> None:
    many = {f"l{number}": "v" for number in range(70)} | {"summary": "S", "severity": "page"}
    labels, annotations = fitted_texts(many, many)
    assert list(labels) == [*(f"l{number}" for number in range(62)), "summary", "severity"]
    assert list(annotations) == [*(f"l{number}" for number in range(61)), "summary", "severity", MARK]
    assert annotations[MARK] == "17 entries left out"


def test_the_longest_values_are_cut_first_wherever_they_are() -> None:
    short, long = "s" * 1_000, {f"long{number}": "x" * 16_384 for number in range(4)}
    labels, annotations = fitted_texts({"short": short, **long}, long)
    assert labels["short"] == short
    assert len({len(some[f"long{number}"]) for some in (labels, annotations) for number in range(4)}) == 1
    assert len(labels["long0"]) > 6_000
    assert annotations[MARK] == "8 entries cut"


def test_what_was_marked_before_says_both() -> None:
    labels, annotations = fitted_texts({f"l{number}": "v" for number in range(70)}, {"summary": "S"})
    _, twice = fitted_texts({**labels, "l0": "x" * 20_000}, annotations)
    assert twice == {"summary": "S", MARK: "6 entries left out; 1 entry cut"}


def test_two_keys_that_become_one_are_counted_as_one_lost() -> None:
    assert fitted_texts({"a\0": "first", "a�": "second"}, {}) == ({"a�": "first"}, {MARK: "1 entry left out"})


def test_a_text_that_is_cut_says_so() -> None:
    assert cut_to("x" * 10, 10) == "x" * 10
    assert cut_to("x" * 11, 10) == "x" * 6 + CUT


@pytest.mark.parametrize(
    "changes",
    [
        {"event_ts": 1_767_323_045_678},
        {"event_ts": -5},
        {"context": {f"l{number}": "v" for number in range(100)}},
        {"context": {"v": "x" * 20_000}},
        {"annotations": {f"a{number}": "v" for number in range(100)}},
        {"annotations": {"v": "x" * 20_000, "": "n"}},
        {"context": {"": "v", "k" * 300: "a\0b"}},
        {"alert_id": ""},
        {"alert_id": "x" * 300},
        {"name": "n\0", "source": "s" * 300},
    ],
)
def test_a_record_of_an_existing_producer_is_made_fit_and_is_the_same_for_all_who_read_it(
    changes: dict[str, object],
) -> None:
    value = encode_alert(replace(ALERT, **changes))  # type: ignore[arg-type]
    alert = decode_alert(value)
    assert isinstance(alert, Alert)
    assert check_alert(alert) == ()
    assert decode_alert(encode_alert(alert)) == alert
    match = decode_match(value + encode_match_tail("acme", ["r"]))
    assert match == Match(alert, "acme", ("r",))


@pytest.mark.parametrize(
    "alert",
    [
        replace(ALERT, owner="a\nb"),
        replace(ALERT, alert_id="", life=AlertLife("f", 1)),
        replace(ALERT, life=AlertLife("", 1)),
    ],
)
def test_whose_an_alert_is_and_its_life_are_never_guessed_at(alert: Alert) -> None:
    assert isinstance(decode_alert(encode_alert(alert)), Rejected)


def test_the_bounds_leave_room_for_every_mark() -> None:
    texts = {"😀" * 250 + f"{number:05}": "😀" * 20_000 for number in range(200)}
    odd = replace(ALERT, context=texts, annotations=texts, name="😀" * 300, source="😀" * 300)
    fit = fitted(replace(odd, event_ts=-(1 << 63), alert_id="\0"))
    assert check_alert(fit) == ()
    assert len(fit.context) <= limits.CONTEXT_ENTRIES_MAX
    assert len(fit.annotations) <= limits.ANNOTATIONS_MAX
