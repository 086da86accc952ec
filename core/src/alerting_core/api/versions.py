"""Optimistic concurrency: the version of an object as its ETag, and If-Match as the version that a change expects."""

import re
from typing import Final

from alerting_core.errors import InvalidInput
from alerting_core.problem import Problem, ProblemCode

_TAG: Final = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_VERSION: Final = re.compile(r"[1-9][0-9]{0,8}")

NO_VERSION: Final = 0
"""What no object ever has: a tag that is well formed and not one of ours can match nothing."""


def etag(version: int) -> str:
    """Return the ETag of an object at *version*."""
    return f'"{version}"'


def expected_version(if_match: str | None) -> int | None:
    """Return the version that the caller expects to be stored; None for any.

    Args:
        if_match: Value of the header; None when there was none.

    Raises:
        InvalidInput: It is no ETag.

    Source:
        RFC 9110, section 13.1.1: If-Match compares strongly, so that a weak tag never matches.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    tag = _TAG.fullmatch(if_match.strip())
    if tag is None:
        detail = 'send one ETag as it came, for example "3"'
        raise InvalidInput([Problem("If-Match", ProblemCode.INVALID_HEADER, detail)])
    weak, text = tag.groups()
    return int(text) if not weak and _VERSION.fullmatch(text) else NO_VERSION
