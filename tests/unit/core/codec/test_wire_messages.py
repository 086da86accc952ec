"""The bytes on the wire are a promise to existing producers and consumers."""

from dataclasses import replace

import pytest

from alerting_core import limits
from alerting_core.codec.message import bytes_field, int_field, text_field
from alerting_core.codec.records import (
    NotificationReady,
    Rejected,
    RuleAction,
    RuleChanged,
    decode_alert,
    decode_match,
    decode_notification_ready,
    decode_rule_changed,
    encode_alert,
    encode_match,
    encode_match_tail,
    encode_notification_ready,
    encode_rule_changed,
)
from alerting_core.domain.alert import Alert, AlertLife, AlertStatus, Match, Severity
from alerting_core.errors import ProblemCode

ALERT = Alert("a1", Severity.HIGH, "api", "timeout", 1_700_000_000, {"region": "eu", "environment": "prod"})
ALERT_BYTES = bytes.fromhex(
    "0a0261311001 1880e2cfaa06 20032a03617069 320774696d656f7574"
    "3a130a0b656e7669726f6e6d656e74120470726f64"
    "3a0c0a06726567696f6e12026575"
)
NOTIFICATION_ID = "5b6c2f9e-8d3a-4c56-9b1e-0a1b2c3d4e5f"


def test_an_alert_is_written_as_the_existing_producers_write_it() -> None:
    assert encode_alert(ALERT) == ALERT_BYTES
    assert decode_alert(ALERT_BYTES) == ALERT


def test_a_match_is_its_alert_followed_by_client_and_rules() -> None:
    match = Match(ALERT, "acme", ("r1", "r2"))
    assert encode_match(match) == ALERT_BYTES + bytes.fromhex("420461636d654a0272314a027232")
    assert decode_match(encode_match(match)) == match


def test_annotations_stand_after_an_alert_and_before_client_and_rules() -> None:
    said = replace(ALERT, annotations={"summary": "slow", "a": ""})
    assert encode_alert(said) == ALERT_BYTES + bytes.fromhex("52050a01611200 520f0a0773756d6d61727912 04736c6f77")
    assert decode_alert(encode_alert(said)) == said
    match = Match(said, "acme", ("r1",))
    assert encode_match(match) == encode_alert(said) + encode_match_tail("acme", ("r1",))
    assert decode_match(encode_match(match)) == match


def test_annotations_stand_before_the_life_of_an_alert_and_after_its_owner() -> None:
    said = replace(ALERT, owner="acme", life=AlertLife("f", 1), annotations={"a": "b"})
    life = bytes.fromhex("6a01667001")
    assert encode_alert(said) == ALERT_BYTES + bytes.fromhex("420461636d65 52060a0161120162") + life
    assert decode_alert(encode_alert(said)) == said


def test_messages_without_labels_or_annotations_do_not_share_what_could_be_changed() -> None:
    first, second = (decode_alert(encode_alert(replace(ALERT, context={}))) for _ in range(2))
    assert isinstance(first, Alert)
    assert isinstance(second, Alert)
    assert (first.context, first.annotations) == ({}, {})
    for texts in (first.context, first.annotations):
        with pytest.raises(TypeError):
            texts["a"] = "b"  # type: ignore[index]


def test_a_private_alert_is_an_alert_with_its_owner_after_it() -> None:
    private = replace(ALERT, owner="acme")
    assert encode_alert(private) == ALERT_BYTES + bytes.fromhex("420461636d65")
    assert decode_alert(encode_alert(private)) == private


def test_a_match_of_a_private_alert_is_its_alert_followed_by_rules_and_a_mark() -> None:
    private = replace(ALERT, owner="acme")
    match = Match(private, "acme", ("r1", "r2"))
    assert encode_match(match) == encode_alert(private) + bytes.fromhex("4a0272314a0272327801")
    assert decode_match(encode_match(match)) == match


def test_matches_of_a_shared_and_of_a_private_alert_are_told_apart() -> None:
    shared = encode_match(Match(ALERT, "acme", ("r1",)))
    private = encode_match(Match(replace(ALERT, owner="acme"), "acme", ("r1",)))
    owners = [match.alert.owner for match in map(decode_match, (shared, private)) if isinstance(match, Match)]
    assert owners == ["", "acme"]


@pytest.mark.parametrize(
    ("owner", "code"),
    [
        (b" acme", ProblemCode.CONTROL_CHARACTER),
        (b"a\x1fb", ProblemCode.CONTROL_CHARACTER),
        (b"a\x00b", ProblemCode.NUL_CHARACTER),
        (b" ", ProblemCode.EMPTY),
        (b"x" * 256, ProblemCode.TOO_LONG),
    ],
)
def test_an_owner_that_is_no_client_id_is_poison(owner: bytes, code: ProblemCode) -> None:
    rejected = decode_alert(ALERT_BYTES + bytes_field(8, owner))
    assert isinstance(rejected, Rejected)
    assert [(problem.path, problem.code) for problem in rejected.problems] == [("client_id", code)]


FIRING = replace(ALERT, life=AlertLife("f1", phase=1))
RESOLVED = replace(ALERT, life=AlertLife("f1", phase=2, status=AlertStatus.RESOLVED, ends_at=1_700_000_060))


def test_an_alert_with_a_life_is_an_alert_with_its_life_after_it() -> None:
    assert encode_alert(FIRING) == ALERT_BYTES + bytes.fromhex("6a0266317001")
    assert encode_alert(RESOLVED) == ALERT_BYTES + bytes.fromhex("5801 60bce2cfaa06 6a026631 7002")
    for alert in (FIRING, RESOLVED, replace(RESOLVED, owner="acme")):
        assert decode_alert(encode_alert(alert)) == alert
        match = Match(alert, "acme", ("r1",))
        assert encode_match(match).startswith(encode_alert(alert))
        assert decode_match(encode_match(match)) == match


def test_what_a_record_says_of_a_life_is_read_from_the_alert_itself() -> None:
    assert (RESOLVED.status, RESOLVED.ends_at, RESOLVED.fingerprint, RESOLVED.phase) == (
        AlertStatus.RESOLVED,
        1_700_000_060,
        "f1",
        2,
    )
    assert (ALERT.status, ALERT.ends_at, ALERT.fingerprint, ALERT.phase) == (AlertStatus.FIRING, None, "", 0)
    assert RESOLVED.has_life
    assert not ALERT.has_life


def test_a_status_of_a_newer_producer_reads_as_firing() -> None:
    alert = decode_alert(encode_alert(FIRING) + int_field(11, 7))
    assert isinstance(alert, Alert)
    assert alert.status is AlertStatus.FIRING


@pytest.mark.parametrize(
    ("life", "path", "code"),
    [
        (int_field(11, 1), "fingerprint", ProblemCode.MISSING),
        (int_field(12, 1_700_000_060), "fingerprint", ProblemCode.MISSING),
        (int_field(14, 1), "fingerprint", ProblemCode.MISSING),
        (text_field(13, "f1"), "phase", ProblemCode.OUT_OF_RANGE),
        (text_field(13, "f1") + int_field(14, -1), "phase", ProblemCode.OUT_OF_RANGE),
        (text_field(13, "f" * 256) + int_field(14, 1), "fingerprint", ProblemCode.TOO_LONG),
        (text_field(13, "f\0") + int_field(14, 1), "fingerprint", ProblemCode.NUL_CHARACTER),
        (text_field(13, "f1") + int_field(14, 2) + int_field(11, 1), "ends_at", ProblemCode.MISSING),
        (
            text_field(13, "f1") + int_field(14, 2) + int_field(11, 1) + int_field(12, 1_699_999_999),
            "ends_at",
            ProblemCode.OUT_OF_RANGE,
        ),
        (text_field(13, "f1") + int_field(14, 1) + int_field(12, 1 << 60), "ends_at", ProblemCode.OUT_OF_RANGE),
    ],
)
def test_a_life_that_makes_no_sense_is_poison(life: bytes, path: str, code: ProblemCode) -> None:
    rejected = decode_alert(ALERT_BYTES + life)
    assert isinstance(rejected, Rejected)
    assert [(problem.path, problem.code) for problem in rejected.problems] == [(path, code)]


def test_a_notification_ready_is_written_and_read_back() -> None:
    message = NotificationReady(NOTIFICATION_ID, "acme", "a1")
    encoded = encode_notification_ready(message)
    assert encoded == b"\x0a\x24" + NOTIFICATION_ID.encode() + b"\x12\x04acme\x1a\x02a1\x20\x01"
    assert decode_notification_ready(encoded) == message


def test_a_rule_change_is_written_and_read_back() -> None:
    message = RuleChanged("r1", "acme", RuleAction.DISABLED, version=7, updated_at=1_700_000_000)
    encoded = encode_rule_changed(message)
    assert encoded == bytes.fromhex("0a027231 120461636d65 1804 2007 2880e2cfaa06 3001")
    assert decode_rule_changed(encoded) == message


def test_unknown_fields_of_newer_producers_are_passed_over() -> None:
    newer = ALERT_BYTES + b"\xa2\x06\x03new" + b"\xa8\x06\x05" + b"\xad\x06\x01\x02\x03\x04" + b"\xb1\x06" + b"\x00" * 8
    assert decode_alert(newer) == ALERT


def test_a_severity_of_a_newer_producer_reads_as_unspecified() -> None:
    alert = decode_alert(ALERT_BYTES + b"\x20\x09")
    assert isinstance(alert, Alert)
    assert alert.severity is Severity.UNSPECIFIED


def test_the_last_of_a_repeated_scalar_wins() -> None:
    alert = decode_alert(ALERT_BYTES + b"\x2a\x02db")
    assert isinstance(alert, Alert)
    assert alert.source == "db"


def test_an_action_of_a_newer_producer_reads_as_unspecified() -> None:
    message = decode_rule_changed(bytes.fromhex("0a027231120461636d651809"))
    assert isinstance(message, RuleChanged)
    assert message.action is RuleAction.UNSPECIFIED


@pytest.mark.parametrize(
    ("value", "path", "code"),
    [
        (b"", "", ProblemCode.EMPTY),
        (b"\xff", "", ProblemCode.UNDECODABLE),
        (b"\x00\x01", "", ProblemCode.UNDECODABLE),
        (b"\x0a\x7fshort", "", ProblemCode.UNDECODABLE),
        (b"\x0b", "", ProblemCode.UNDECODABLE),
        (b"\x18" + b"\x80" * 10 + b"\x01", "", ProblemCode.UNDECODABLE),
        (b"\x0a\x02\xc3\x28", "", ProblemCode.UNDECODABLE),
        (b"\x0a" + b"\xff\xff\xff\xff\x0f", "", ProblemCode.UNDECODABLE),
        (b"\x0a\x00", "name", ProblemCode.EMPTY),
        (ALERT_BYTES + bytes_field(8, b"a\x00b"), "client_id", ProblemCode.NUL_CHARACTER),
        (ALERT_BYTES * 40_000, "", ProblemCode.TOO_LARGE),
    ],
)
def test_a_poison_record_is_a_value_that_says_why(value: bytes, path: str, code: ProblemCode) -> None:
    rejected = decode_alert(value)
    assert isinstance(rejected, Rejected)
    assert (path, code) in [(problem.path, problem.code) for problem in rejected.problems]
    assert 0 < len(rejected.reason) <= 1_000


def test_all_problems_of_a_record_are_told_at_once() -> None:
    rejected = decode_match(b"\x2a\x03a\x00b")
    assert isinstance(rejected, Rejected)
    assert {problem.path for problem in rejected.problems} == {"name", "client_id", "rule_ids"}


def test_a_match_without_rules_is_refused() -> None:
    rejected = decode_match(ALERT_BYTES + encode_match_tail("acme", ()))
    assert isinstance(rejected, Rejected)
    assert [problem.code for problem in rejected.problems] == [ProblemCode.MISSING]


def test_a_notification_id_that_is_no_uuid_is_refused() -> None:
    rejected = decode_notification_ready(encode_notification_ready(NotificationReady("n1", "acme", "a1")))
    assert isinstance(rejected, Rejected)
    assert rejected.problems[0].path == "notification_id"


def test_what_is_within_the_limits_is_accepted() -> None:
    longest = "é" * limits.ID_CHARS_MAX
    alert = Alert(longest, Severity.LOW, longest, longest, 0, {longest: "v" * limits.CONTEXT_VALUE_CHARS_MAX})
    assert decode_alert(encode_alert(alert)) == alert
