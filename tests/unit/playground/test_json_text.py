"""JSON is read as strictly as the server reads it."""

import json
from typing import Any

import pytest

from alerting_core.api.problem_kinds import ProblemKind
from alerting_core.api.refusal import Refusal
from alerting_playground.http.json_text import DEPTH_MAX, decode, encode


@pytest.mark.parametrize(
    "value", [None, True, 0, -1, 2**63 - 1, -(2**63), 2**64 - 1, 1.5, "ü☃\u2028</script>", [], {"a": [{"b": None}]}]
)
def test_what_is_written_is_read_as_it_was(value: Any) -> None:
    assert decode(encode(value)) == value
    assert decode(json.dumps(value).encode()) == value


@pytest.mark.parametrize("digits", ["18446744073709551616", "-9223372036854775809", "1" * 300])
def test_a_whole_number_of_more_than_64_bits_is_a_number_and_not_whole(digits: str) -> None:
    assert isinstance(decode(digits.encode()), float)


@pytest.mark.parametrize(
    "body",
    [
        *(b"{", b"NaN", b"-Infinity", b"1e400", b"1" * 400, b"\xef\xbb\xbf1", b'"\\ud800"', b'{"\\udfff":1}', b"01"),
        *(b'"\n"', b"[" * (DEPTH_MAX + 1) + b"]" * (DEPTH_MAX + 1), b"[" * 100_000, b"1 2", b"'a'", b"\x00"),
    ],
)
def test_what_is_no_json_is_refused_with_a_reason(body: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        decode(body)
    assert refused.value.kind is ProblemKind.MALFORMED_BODY
    (problem,) = refused.value.problems
    assert problem.detail


def test_brackets_in_text_nest_nothing() -> None:
    text = '[{"\\"' * DEPTH_MAX
    assert decode(encode([text, {"[" * 5_000: 1}])) == [text, {"[" * 5_000: 1}]
    with pytest.raises(Refusal):
        decode(b'"' + b"[" * 5_000)


def test_nesting_up_to_the_bound_is_read() -> None:
    assert encode(decode(b"[" * DEPTH_MAX + b"]" * DEPTH_MAX)) == b"[" * DEPTH_MAX + b"]" * DEPTH_MAX
    assert len(decode(b"[" + b",".join([b"[]"] * 5_000) + b"]")) == 5_000


def test_bytes_that_are_no_text_are_refused_with_their_place() -> None:
    with pytest.raises(Refusal) as refused:
        decode(b'{"a":"\xc3\x28"}')
    (problem,) = refused.value.problems
    assert problem.detail.startswith("byte 6 ")
