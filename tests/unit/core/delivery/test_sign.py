"""Signatures of webhooks. The official library verifies them too, in tests/unit/backend."""

import pytest

from alerting_core.delivery.webhook import TOLERANCE_MS, SignatureVerdict, signature_headers, verify
from tests.unit.core.delivery.make import NEXT_SECRET, NOW_MS, SECRET

BODY = b'{"name":"timeout"}'


def signed(*secrets: str) -> dict[str, str]:
    return signature_headers("ntf_1", BODY, secrets or (SECRET,), now_ms=NOW_MS)


def test_the_example_of_the_specification_comes_out_the_same() -> None:
    headers = signature_headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        b'{"test": 2432232314}',
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        now_ms=1_614_265_330_999,
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_what_was_signed_is_valid() -> None:
    assert verify(signed(), BODY, [SECRET], now_ms=NOW_MS) is SignatureVerdict.VALID


def test_during_a_rotation_either_secret_verifies() -> None:
    headers = signed(NEXT_SECRET, SECRET)
    assert len(headers["webhook-signature"].split(" ")) == 2
    assert verify(headers, BODY, [SECRET], now_ms=NOW_MS) is SignatureVerdict.VALID
    assert verify(headers, BODY, [NEXT_SECRET], now_ms=NOW_MS) is SignatureVerdict.VALID


def test_the_case_of_header_names_makes_no_difference() -> None:
    headers = {name.title(): value for name, value in signed().items()}
    assert verify(headers, BODY, [SECRET], now_ms=NOW_MS) is SignatureVerdict.VALID


@pytest.mark.parametrize(
    "changed", [{"webhook-id": "ntf_2"}, {"webhook-timestamp": str(NOW_MS // 1_000 + 1)}, {"webhook-signature": "v1,"}]
)
def test_a_message_that_was_changed_does_not_match(changed: dict[str, str]) -> None:
    assert verify(signed() | changed, BODY, [SECRET], now_ms=NOW_MS) is SignatureVerdict.NO_MATCH


def test_another_body_secret_or_version_does_not_match() -> None:
    assert verify(signed(), BODY + b" ", [SECRET], now_ms=NOW_MS) is SignatureVerdict.NO_MATCH
    assert verify(signed(), BODY, [NEXT_SECRET], now_ms=NOW_MS) is SignatureVerdict.NO_MATCH
    assert verify(signed(), BODY, [], now_ms=NOW_MS) is SignatureVerdict.NO_MATCH
    other_version = {"webhook-signature": signed()["webhook-signature"].replace("v1,", "v2,")}
    assert verify(signed() | other_version, BODY, [SECRET], now_ms=NOW_MS) is SignatureVerdict.NO_MATCH


def test_a_replay_is_too_old_and_a_clock_far_ahead_too_new() -> None:
    signed_at_ms = NOW_MS // 1_000 * 1_000
    for offset_ms, verdict in [
        (TOLERANCE_MS, SignatureVerdict.VALID),
        (TOLERANCE_MS + 1, SignatureVerdict.TOO_OLD),
        (-TOLERANCE_MS, SignatureVerdict.VALID),
        (-TOLERANCE_MS - 1, SignatureVerdict.TOO_NEW),
    ]:
        assert verify(signed(), BODY, [SECRET], now_ms=signed_at_ms + offset_ms) is verdict


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_named_as_such(missing: str) -> None:
    headers = {name: value for name, value in signed().items() if name != missing}
    assert verify(headers, BODY, [SECRET], now_ms=NOW_MS) is SignatureVerdict.HEADER_MISSING


@pytest.mark.parametrize("timestamp", ["", "now", "-1", "1.5", "٣", "9" * 5_000])
def test_a_timestamp_that_is_no_number_is_unreadable(timestamp: str) -> None:
    headers = signed() | {"webhook-timestamp": timestamp}
    assert verify(headers, BODY, [SECRET], now_ms=NOW_MS) is SignatureVerdict.TIMESTAMP_UNREADABLE


@pytest.mark.parametrize("signature", ["ü", "\ud800", " ", "v1", "v1,!", " ".join(["v1,AAAA"] * 10_000)])
def test_any_signature_header_is_answered(signature: str) -> None:
    headers = signed() | {"webhook-signature": signature}
    assert verify(headers, BODY, [SECRET], now_ms=NOW_MS) is SignatureVerdict.NO_MATCH
