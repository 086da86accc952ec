"""Optimistic concurrency: the version of an object as its ETag, and If-Match as the version that a change expects."""

import re
from typing import Annotated, Final

from fastapi import Depends, Header

from alerting_backend.api.problem_codes import ProblemKind
from alerting_backend.api.problems import Refusal
from alerting_core.problem import Problem, ProblemCode

_TAG: Final = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_VERSION: Final = re.compile(r"[1-9][0-9]{0,8}")

NO_VERSION: Final = 0
"""What no object ever has: a tag that is well formed and not one of ours can match nothing."""


def etag(version: int) -> str:
    """Return the ETag of an object at *version*."""
    return f'"{version}"'


def expected_version(
    if_match: Annotated[
        str | None,
        Header(
            alias="If-Match",
            description="The `ETag` that the object had when it was read, so that a change made meanwhile is not "
            "overwritten (412). Without it, or with `*`, the stored version is taken whatever it is.",
            examples=['"3"'],
        ),
    ] = None,
) -> int | None:
    """Return the version that the caller expects to be stored; None for any."""
    if if_match is None or if_match.strip() == "*":
        return None
    tag = _TAG.fullmatch(if_match.strip())
    if tag is None:
        problem = Problem("If-Match", ProblemCode.INVALID_HEADER, 'send one ETag as it came, for example "3"')
        raise Refusal(ProblemKind.INVALID_INPUT, "the request has problems", problems=[problem])
    weak, text = tag.groups()
    # RFC 9110, section 13.1.1: If-Match compares strongly, so that a weak tag never matches.
    return int(text) if not weak and _VERSION.fullmatch(text) else NO_VERSION


ExpectedVersion = Annotated[int | None, Depends(expected_version)]
