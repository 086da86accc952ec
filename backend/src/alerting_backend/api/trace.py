"""The caller's trace, which goes along with what the request leads to."""

from typing import Annotated

from fastapi import Depends, Header

from alerting_core.api.headers import readable_trace


def trace_of(
    traceparent: Annotated[str | None, Header(description="W3C trace context; goes along with the alert.")] = None,
) -> str | None:
    """Return the caller's trace context., if it can be read."""
    return readable_trace(traceparent)


TraceParent = Annotated[str | None, Depends(trace_of)]
