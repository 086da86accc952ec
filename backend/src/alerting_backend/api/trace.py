"""The caller's trace, which goes along with what the request leads to."""

import re
from typing import Annotated, Final

from fastapi import Depends, Header

_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def trace_of(
    traceparent: Annotated[str | None, Header(description="W3C trace context; goes along with the alert.")] = None,
) -> str | None:
    """Return the caller's trace context. The specification asks to go on without one that cannot be read."""
    return traceparent if traceparent is not None and _TRACEPARENT.fullmatch(traceparent) else None


TraceParent = Annotated[str | None, Depends(trace_of)]
