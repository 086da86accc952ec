"""What text may be stored: one answer for those who ask, those who report and those who clean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting_core.domain.text import check_text, is_storable, storable, storable_start
from alerting_core.errors import ProblemCode

ANY_TEXT = st.text(st.characters() | st.sampled_from("\0\ud800\udfffa€"), max_size=40)


@given(ANY_TEXT)
def test_who_asks_reports_and_cleans_agree(text: str) -> None:
    codes = {problem.code for problem in check_text("field", text, chars_max=40, allow_empty=True)}
    assert is_storable(text) is not bool(codes & {ProblemCode.NUL_CHARACTER, ProblemCode.NOT_UTF8})
    assert is_storable(storable(text))
    assert (storable(text) == text) is is_storable(text)


@given(ANY_TEXT)
def test_what_is_storable_is_what_utf8_and_postgres_take(text: str) -> None:
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        assert not is_storable(text)
    else:
        assert is_storable(text) is (b"\0" not in encoded)


@given(ANY_TEXT, st.integers(0, 20))
def test_a_start_is_whole_characters_within_its_bytes(text: str, bytes_max: int) -> None:
    start = storable_start(text, bytes_max=bytes_max)
    assert storable(text).startswith(start)
    assert len(start.encode()) <= bytes_max
    assert start == storable(text) or len(storable(text)[: len(start) + 1].encode()) > bytes_max


@pytest.mark.parametrize("text", ["\0", "\ud800", "a\0\udfff"])
def test_something_stands_where_something_was(text: str) -> None:
    assert len(storable(text)) == len(text)
    assert "\ufffd" in storable(text)
