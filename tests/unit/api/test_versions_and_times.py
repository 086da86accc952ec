"""If-Match, and times as the API writes them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from alerting_api.problems import etag
from alerting_api.route import NO_VERSION, read_if_match
from alerting_api.schema import clamped_ms, read_moment, unix_ms
from alerting_core import limits
from alerting_core.domain.text import rfc3339
from alerting_core.errors import InvalidInput, Problem, ProblemCode


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (None, None),
        ("*", None),
        (" * ", None),
        (etag(1), 1),
        ('"123456789"', 123_456_789),
        ('"01"', NO_VERSION),
        ('"0"', NO_VERSION),
        ('"-1"', NO_VERSION),
        ('"1.0"', NO_VERSION),
        ('"１"', None),
        ('W/"1"', NO_VERSION),
        ('"anything else"', None),
    ],
)
def test_an_etag_names_a_version(sent: str | None, expected: int | None) -> None:
    if sent in {'"１"', '"anything else"'}:  # No ETag may hold these characters.
        with pytest.raises(InvalidInput):
            read_if_match(sent)
        return
    assert read_if_match(sent) == expected


@pytest.mark.parametrize(
    ("at_ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_767_323_045_678, "2026-01-02T03:04:05.678Z"),
        (limits.TIME_MS_MAX, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_times_are_written_with_milliseconds_in_utc(at_ms: int, text: str) -> None:
    assert rfc3339(at_ms) == text
    assert unix_ms(datetime.fromisoformat(text)) == at_ms


def test_a_filters_time_is_moved_into_the_range_of_what_is_stored() -> None:
    late = datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=-12)))
    assert clamped_ms(late) == limits.TIME_MS_MAX
    assert clamped_ms(datetime(1, 1, 1, tzinfo=UTC)) == 0
    assert clamped_ms(None) is None


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02t03:04:05.1234569z", datetime(2026, 1, 2, 3, 4, 5, 123_456, tzinfo=UTC)),
        ("2026-01-02T03:04:05.5+23:59", datetime(2026, 1, 1, 3, 5, 5, 500_000, tzinfo=UTC)),
        ("2026-01-02T03:04:05-00:30", datetime(2026, 1, 2, 3, 34, 5, tzinfo=UTC)),
    ],
)
def test_a_time_with_an_offset_is_read_to_the_microsecond(text: str, at: datetime) -> None:
    assert read_moment(text) == at


@pytest.mark.parametrize(
    "value",
    [
        *("2026-01-02T03:04:05", "2026-01-02 03:04:05Z", "2026-01-02", "1767323045", "", 1_767_323_045, None),
        *("2026-13-02T03:04:05Z", "2026-02-30T03:04:05Z", "2026-01-02T24:00:00Z", "2026-01-02T03:04:60Z"),
        *("2026-01-02T03:04:05+24:00", "2026-01-02T03:04:05+01:60", "0000-01-01T00:00:00Z", "２026-01-02T03:04:05Z"),
    ],
)
def test_what_is_no_time_is_a_problem(value: object) -> None:
    found = read_moment(value)
    assert isinstance(found, Problem)
    assert found.code is ProblemCode.WRONG_TYPE
