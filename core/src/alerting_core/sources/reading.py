"""How payloads of other systems are read, whichever system it is: texts, times, and what came of it all.

A payload is read for what can be used. What is null, missing or of another type than usual is no reason to lose an
alert: a number where text is usual is its text, null is as if it were absent. Only what leaves no alert at all is a
problem, which names the field.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias, TypeGuard, TypeVar, cast

from alerting_core import limits
from alerting_core.app.intake import AlertDraft, Placed
from alerting_core.domain.episode import fingerprint_of_key
from alerting_core.errors import Problem, ProblemCode

Json: TypeAlias = Any
"""Decoded JSON of any shape."""

UNTIL_RESOLVED: Final = limits.TIME_MS_MAX
"""The end of an alert whose sender says when it is over, and nothing before that: it is not to end by silence."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a payload says.

    Attributes:
        drafts: Its alerts, in their order, each with its place in the payload.
        problems: What is wrong with those that could not be read, each with its place.
        passed_over: What it says beside alerts, of which nothing follows.
    """

    drafts: Sequence[Placed] = ()
    problems: Sequence[Problem] = ()
    passed_over: Sequence[str] = ()


Readings: TypeAlias = Iterator[Reading]
"""What a payload says, piece by piece: of a long list not all is read before the first alerts are taken in."""


def merged(readings: Readings) -> Reading:
    """Return all pieces as one."""
    pieces = list(readings)
    return Reading(
        [draft for piece in pieces for draft in piece.drafts],
        [problem for piece in pieces for problem in piece.problems],
        [text for piece in pieces for text in piece.passed_over],
    )


class Unreadable(ValueError):
    """Something that leaves no alert; carries what is wrong. Stays inside this package."""

    def __init__(self, path: str, code: ProblemCode, detail: str) -> None:
        super().__init__(detail)
        self.problem = Problem(path, code, detail)


def missing(path: str, detail: str = "is required") -> Unreadable:
    """Return what is raised for a field that has to be there."""
    return Unreadable(path, ProblemCode.MISSING, detail)


def unknown(path: str, known: Iterable[str]) -> Unreadable:
    """Return what is raised for a word that is none of *known*."""
    return Unreadable(path, ProblemCode.UNKNOWN_VALUE, f"must be one of {', '.join(known)}")


def read_each(items: Sequence[Json], read: Callable[[Mapping[str, Json]], AlertDraft], *, path: str = "") -> Readings:
    """Read *items* one by one: what is wrong with one does not keep the others out."""
    for start in range(0, len(items), limits.ALERTS_PER_REQUEST_MAX):
        drafts: list[Placed] = []
        problems: list[Problem] = []
        for place, item in enumerate(items[start : start + limits.ALERTS_PER_REQUEST_MAX], start):
            try:
                drafts.append((f"{path}[{place}]", read(object_of(item))))
            except Unreadable as error:
                problems.append(error.problem.under(f"{path}[{place}]"))
        yield Reading(drafts, problems)


def read_whole(payload: Json, read: Callable[[Mapping[str, Json]], AlertDraft | str]) -> Readings:
    """Read a payload that is one alert, or none: *read* says then in a few words what it is."""
    try:
        found = read(object_of(payload))
    except Unreadable as error:
        yield Reading(problems=[error.problem])
    else:
        yield Reading(passed_over=[found]) if isinstance(found, str) else Reading([("", found)])


def items_of(payload: Json, key: str) -> Sequence[Json]:
    """Return the list under *key* of a payload.

    Raises:
        Unreadable: There is none.
    """
    found = object_of(payload).get(key)
    if not isinstance(found, list):
        raise Unreadable(key, ProblemCode.MISSING if found is None else ProblemCode.WRONG_TYPE, "must be a list")
    return cast("Sequence[Json]", found)


def key_of(source: str, *parts: Json) -> str:
    """Return the fingerprint of what *source* knows by *parts*: that of the dedup key `source:part/part`."""
    return fingerprint_of_key(f"{source}:{joined(parts, '/')}")


def object_of(value: Json, path: str = "") -> Mapping[str, Json]:
    """Return *value*, which has to be an object.

    Raises:
        Unreadable: It is none.
    """
    if not isinstance(value, dict):
        raise Unreadable(path, ProblemCode.MISSING if value is None else ProblemCode.WRONG_TYPE, "must be an object")
    return cast("Mapping[str, Json]", value)


def is_object(value: Json) -> TypeGuard[Mapping[str, Json]]:
    """Say whether *value* is an object."""
    return isinstance(value, dict)


def is_list(value: Json) -> TypeGuard[Sequence[Json]]:
    """Say whether *value* is a list."""
    return isinstance(value, list)


def part_of(value: Json, *keys: str) -> Json:
    """Return what stands in *value* under *keys*, one within the other; None where nothing does."""
    for key in keys:
        value = value.get(key) if is_object(value) else None
    return value


def text_of(value: Json) -> str:
    """Return *value* as text: text as it is, null as none, anything else as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def texts_of(value: Json) -> dict[str, str]:
    """Return an object as texts, without what is null; nothing for what is no object."""
    if not isinstance(value, dict):
        return {}
    return {key: text_of(one) for key, one in cast("Mapping[str, Json]", value).items() if one is not None}


def first_text(*values: Json) -> str:
    """Return the first of *values* that is not blank, as text; empty when all are."""
    return next((text for value in values if (text := text_of(value)).strip()), "")


def first_line(text: str) -> str:
    """Return the first line of *text* that is not blank, for a name."""
    return next((line for one in text.splitlines() if (line := one.strip())), "")


def with_more(texts: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """Return *texts*, and of *more* what is not blank and not there already."""
    return dict(texts) | {key: value for key, value in more.items() if value and key not in texts}


def filled(texts: Mapping[str, str]) -> dict[str, str]:
    """Return those of *texts* that are not empty."""
    return {key: text for key, text in texts.items() if text}


def flattened(value: Json, *, depth_max: int = 3) -> dict[str, str]:
    """Return what is in an object as texts, each under the keys that lead to it, joined by dots; without nulls.

    What lies deeper than *depth_max*, and lists, are JSON.
    """
    found: dict[str, str] = {}
    if isinstance(value, dict):
        for key, one in cast("Mapping[str, Json]", value).items():
            if isinstance(one, dict) and one and depth_max > 1:
                found |= {f"{key}.{rest}": text for rest, text in flattened(one, depth_max=depth_max - 1).items()}
            elif one is not None:
                found[key] = text_of(one)
    return found


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS_FROM: Final = 100_000_000_000
"""A number of at least this much counts milliseconds, a smaller one seconds: as seconds it would be the year 5138."""


def time_of(value: Json, path: str) -> int | None:
    """Return a time in unix milliseconds, within the range of times that are kept; None where none was set.

    Text is read as ISO 8601, in UTC when it names no zone; a number is unix seconds or milliseconds. Go writes the year
    1 for a time that was never set.

    Raises:
        Unreadable: It is no time.
    """
    at_ms = (
        _number_ms(value) if isinstance(value, int | float) and not isinstance(value, bool) else _text_ms(value, path)
    )
    return None if at_ms is None else min(max(0, at_ms), limits.TIME_MS_MAX)


def time_if_any(*values: Json) -> int | None:
    """Return the first of *values* that is a time, in unix milliseconds; None when none is: when it came is as good."""
    for value in values:
        try:
            at_ms = time_of(value, "")
        except Unreadable:
            continue
        if at_ms is not None:
            return at_ms
    return None


def second_of(*values: Json) -> int | None:
    """Return the first of *values* that is a time, in unix seconds."""
    at_ms = time_if_any(*values)
    return None if at_ms is None else at_ms // 1_000


def _number_ms(value: float) -> int | None:
    # Neither infinity nor what is not a number is a time.
    if not -limits.TIME_MS_MAX <= value <= limits.TIME_MS_MAX or value == 0:
        return None
    return int(value if abs(value) >= _MS_FROM else value * 1_000)


def _text_ms(value: Json, path: str) -> int | None:
    text = value.strip() if isinstance(value, str) else text_of(value)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        number = _digits(text)
        if number is None:
            detail = "must be a time, as in 2026-01-02T03:04:05Z"
            raise Unreadable(path, ProblemCode.WRONG_TYPE, detail) from None
        return _number_ms(number)
    if moment.year == 1:
        return None
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // timedelta(milliseconds=1)


def _digits(text: str) -> int | None:
    is_number = text.isascii() and text.isdigit() and len(text) <= 15
    return int(text) if is_number else None


T = TypeVar("T")


def one_of(table: Mapping[str, T], word: Json, default: T) -> T:
    """Return what *table* has for *word*, in any case; else *default*."""
    return table.get(text_of(word).strip().casefold(), default)


def joined(parts: Iterable[Json], separator: str = " ") -> str:
    """Return those of *parts* that are not blank, as one text."""
    return separator.join(text for part in parts if (text := text_of(part)).strip())
