"""Cursors come back as they were made, and nothing else is taken for one."""

import string
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from alerting_core import limits
from alerting_core.errors import InvalidInput
from alerting_core.memory.database import newest_first
from alerting_core.ports.catalog import (
    OwnedKey,
    PageRequest,
    TimeKey,
    decode_owned_cursor,
    decode_text_cursor,
    decode_time_cursor,
    encode_owned_cursor,
    encode_text_cursor,
    encode_time_cursor,
)

KEYS = st.builds(TimeKey, st.integers(0, limits.TIME_MS_MAX), st.uuids().map(str))
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=255)
URL_SAFE = set(string.ascii_letters + string.digits + "-_")


@given(KEYS)
def test_a_time_cursor_comes_back_as_its_key(key: TimeKey) -> None:
    cursor = encode_time_cursor("rules", key)
    assert decode_time_cursor("rules", cursor) == key
    assert set(cursor) <= URL_SAFE


@given(TEXTS)
def test_a_text_cursor_comes_back_as_its_key(key: str) -> None:
    cursor = encode_text_cursor("clients", key)
    assert decode_text_cursor("clients", cursor) == key
    assert set(cursor) <= URL_SAFE
    assert len(cursor) <= limits.CURSOR_CHARS_MAX


def test_the_longest_text_makes_a_cursor_within_the_bound() -> None:
    for character in ("🙂", "\\", '"', "\u2028"):
        cursor = encode_text_cursor("clients", character * limits.ID_CHARS_MAX)
        assert decode_text_cursor("clients", cursor) == character * limits.ID_CHARS_MAX


@given(st.builds(OwnedKey, st.integers(0, limits.TIME_MS_MAX), TEXTS, st.one_of(st.just(""), TEXTS)))
def test_an_owned_cursor_comes_back_as_its_key(key: OwnedKey) -> None:
    cursor = encode_owned_cursor("alerts", key)
    assert decode_owned_cursor("alerts", cursor) == key
    assert set(cursor) <= URL_SAFE


def test_the_longest_id_and_owner_make_a_cursor_within_the_bound() -> None:
    for character in ("🙂", "\\", '"', "\u2028"):
        key = OwnedKey(limits.TIME_MS_MAX, character * limits.ID_CHARS_MAX, character * limits.ID_CHARS_MAX)
        assert decode_owned_cursor("alerts", encode_owned_cursor("alerts", key)) == key


@given(KEYS, st.data())
def test_a_cursor_that_was_tampered_with_is_invalid(key: TimeKey, data: st.DataObject) -> None:
    cursor = encode_time_cursor("rules", key)
    place = data.draw(st.integers(0, len(cursor) - 1))
    other = data.draw(st.sampled_from(sorted(URL_SAFE | set("=+/ %é"))))
    tampered = cursor[:place] + other + cursor[place + 1 :]
    assume(tampered != cursor)
    with pytest.raises(InvalidInput):
        decode_time_cursor("rules", tampered)


@given(st.text())
def test_any_other_text_is_an_invalid_cursor(text: str) -> None:
    for decode in (decode_time_cursor, decode_text_cursor, decode_owned_cursor):
        with pytest.raises(InvalidInput) as caught:
            decode("rules", text)
        assert [problem.path for problem in caught.value.problems] == ["cursor"]


@given(st.lists(KEYS, unique=True, max_size=40), st.integers(1, 7))
def test_pages_in_memory_visit_everything_once_in_order(keys: list[TimeKey], limit: int) -> None:
    seen: list[TimeKey] = []
    cursor = None
    while True:
        page = newest_first("rules", keys, lambda key: key, PageRequest(limit, cursor))
        seen += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(seen) == sorted(keys)
    assert all(first > second for first, second in pairwise(seen))
