"""Text and points in time: what is taken from outside, the one form in which they are written, and derived ids."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Final

from alerting_core.errors import Problem, ProblemCode

_NOT_STORABLE: Final = re.compile("[\0\ud800-\udfff]")

_CONTROL: Final = re.compile(r"[\x01-\x1f\x7f]")
"""Control characters but NUL, which is a problem of its own."""


def is_storable(text: str) -> bool:
    """Whether *text* could be stored at all. Nothing stored equals or contains what is not."""
    # ASCII, as nearly all text is, holds nothing but perhaps a NUL: that is looked for without the pattern.
    return "\0" not in text if text.isascii() else _NOT_STORABLE.search(text) is None


def storable(text: str) -> str:
    """Return *text* with U+FFFD, which shows that something was there, in the place of what cannot be stored."""
    return text if is_storable(text) else _NOT_STORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def storable_start(text: str, *, bytes_max: int) -> str:
    """Return the start of `storable` *text* that has at most *bytes_max* bytes in UTF-8."""
    return storable(text[:bytes_max]).encode()[:bytes_max].decode(errors="ignore")


def has_control_characters(text: str) -> bool:
    """Whether *text* holds a control character of ASCII other than NUL, which is a problem of its own."""
    return _CONTROL.search(text) is not None


def check_text(path: str, value: object, *, chars_max: int, allow_empty: bool = False) -> Iterable[Problem]:
    """Return what keeps *value* from being stored and sent as text.

    Text must be a `str` that can be stored, have at most *chars_max* characters, and not be blank unless *allow_empty*.
    """
    if _is_plain(value, chars_max) or (allow_empty and value == ""):
        return ()
    return _text_problems(path, value, chars_max=chars_max, allow_empty=allow_empty)


def _is_plain(value: object, chars_max: int) -> bool:
    """Tell whether *value* is printable ASCII without outer blanks, in which there is nothing to look for.

    Nearly all texts are, and a dozen are looked at for every record.
    """
    return (
        isinstance(value, str)
        and 0 < len(value) <= chars_max
        and value.isascii()
        and value.isprintable()
        and value[0] != " "
        and value[-1] != " "
    )


def _text_problems(path: str, value: object, *, chars_max: int, allow_empty: bool) -> Iterator[Problem]:
    if not isinstance(value, str):
        yield Problem(path, ProblemCode.WRONG_TYPE, f"expected text, got {type(value).__name__}")
        return
    if not allow_empty and not value.strip():
        yield Problem(path, ProblemCode.EMPTY, "must not be empty")
    if len(value) > chars_max:
        yield Problem(path, ProblemCode.TOO_LONG, f"has {len(value)} characters, at most {chars_max} are allowed")
    yield from check_storable(path, value)


def check_storable(path: str, text: str) -> Iterator[Problem]:
    """Yield what keeps *text* from being stored, whatever its length."""
    found = set(_NOT_STORABLE.findall(text))
    if "\0" in found:
        yield Problem(path, ProblemCode.NUL_CHARACTER, "must not hold a NUL character")
    if found - {"\0"}:
        yield Problem(path, ProblemCode.NOT_UTF8, "holds a lone surrogate, which UTF-8 cannot encode")


def check_note(path: str, value: object, *, chars_max: int, one_line: bool) -> Iterable[Problem]:
    """Return what keeps *value* from being text for people alone: empty, or not blank, without control characters.

    Line feeds may be in it unless it is *one_line*. None, which leaves a note as it is, is in order.
    """
    return () if value is None or value == "" else _note_problems(path, value, chars_max=chars_max, one_line=one_line)


def _note_problems(path: str, value: object, *, chars_max: int, one_line: bool) -> Iterator[Problem]:
    yield from check_text(path, value, chars_max=chars_max)
    if isinstance(value, str) and has_control_characters(value if one_line else value.replace("\n", "")):
        detail = "must not hold control characters" + (" or line breaks" if one_line else " other than line feeds")
        yield Problem(path, ProblemCode.CONTROL_CHARACTER, detail)


def check_id(path: str, value: object, *, chars_max: int) -> Iterable[Problem]:
    """Return what keeps *value* from being an identifier: as text, and without control characters or outer blanks."""
    return () if _is_plain(value, chars_max) else _id_problems(path, value, chars_max=chars_max)


def _id_problems(path: str, value: object, *, chars_max: int) -> Iterator[Problem]:
    yield from check_text(path, value, chars_max=chars_max)
    if isinstance(value, str) and value.strip():
        if value != value.strip():
            yield Problem(path, ProblemCode.CONTROL_CHARACTER, "must not begin or end with white space")
        elif has_control_characters(value):
            yield Problem(path, ProblemCode.CONTROL_CHARACTER, "must not hold control characters")


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def rfc3339(at_ms: int) -> str:
    """Return unix milliseconds as RFC 3339 in UTC, always with milliseconds: `2026-01-02T03:04:05.678Z`."""
    at = _EPOCH + timedelta(milliseconds=at_ms)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def for_people(at_s: int) -> str:
    """Return unix seconds as people read them: `2026-01-02 03:04:05 UTC`."""
    return f"{_EPOCH + timedelta(seconds=at_s):%Y-%m-%d %H:%M:%S} UTC"


_VARIANTS: Final[Mapping[str, str]] = {f"{number:x}": "89ab"[number & 3] for number in range(16)}
"""Hexadecimal digit → the same with its upper two bits as RFC 9562 wants them, 10."""


def derive_uuid(kind: str, *parts: str) -> str:
    """Return the UUID text that belongs to *kind* and *parts*, always the same for the same arguments."""
    digest = blake2b(digest_size=16, person=kind.encode())
    for part in parts:
        raw = part.encode(errors="surrogatepass")
        digest.update(len(raw).to_bytes(4, "big") + raw)
    # Put together from the digits, not through `uuid.UUID`, which takes three times as long; several ids are made for
    # every delivery.
    digits = digest.hexdigest()
    variant = _VARIANTS[digits[16]]
    return f"{digits[:8]}-{digits[8:12]}-8{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
