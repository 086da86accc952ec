"""Headers that requests come with, and which of their values are taken over."""

import re
from typing import Final

REQUEST_ID_HEADER: Final = "X-Request-Id"

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:+/=-]{1,128}")
"""What is taken over from a caller: enough for any usual id, and nothing that could forge a line of the log."""

_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def given_request_id(value: str | None) -> str | None:
    """Return the id that a caller gave its request, if it can be taken over."""
    return value if value is not None and _REQUEST_ID.fullmatch(value) else None


def readable_trace(traceparent: str | None) -> str | None:
    """Return the caller's trace context. The specification asks to go on without one that cannot be read."""
    return traceparent if traceparent is not None and _TRACEPARENT.fullmatch(traceparent) else None
