"""Headers that requests come with, which of their values are taken over, and headers as parameters of routes."""

import re
from collections.abc import Callable, MutableMapping
from typing import Annotated, Any, Final

from fastapi import Depends, Header
from starlette.datastructures import Headers

from alerting_core.errors import InvalidInput
from alerting_core.problem import Problem, ProblemCode

REQUEST_ID_HEADER: Final = "X-Request-Id"

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:+/=-]{1,128}")
"""What is taken over from a caller: enough for any usual id, and nothing that could forge a line of the log."""

_REQUEST_ID_KEY: Final = "alerting.request_id"

_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")

_TAG: Final = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_VERSION: Final = re.compile(r"[1-9][0-9]{0,8}")

NO_VERSION: Final = 0
"""What no object ever has: a tag that is well formed and not one of ours can match nothing."""


def assign_request_id(scope: MutableMapping[str, Any], new_id: Callable[[], str]) -> str:
    """Give the request of *scope* its id, once: the one that its caller sent, or a new one."""
    if _REQUEST_ID_KEY not in scope:
        sent = Headers(scope=scope).get(REQUEST_ID_HEADER)
        scope[_REQUEST_ID_KEY] = sent if sent is not None and _REQUEST_ID.fullmatch(sent) else new_id()
    return request_id_of(scope)


def request_id_of(scope: MutableMapping[str, Any]) -> str:
    """Return the id that was assigned."""
    request_id: str = scope[_REQUEST_ID_KEY]
    return request_id


async def trace_of(
    traceparent: Annotated[str | None, Header(description="W3C trace context; goes along with the alert.")] = None,
) -> str | None:
    """Return the caller's trace context. The specification asks to go on without one that cannot be read."""
    return traceparent if traceparent is not None and _TRACEPARENT.fullmatch(traceparent) else None


TraceParent = Annotated[str | None, Depends(trace_of)]
"""The caller's trace, which goes along with what the request leads to."""


def read_if_match(if_match: str | None) -> int | None:
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


async def expected_version(
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
    return read_if_match(if_match)


ExpectedVersion = Annotated[int | None, Depends(expected_version)]
"""If-Match as a parameter of routes that change something."""
