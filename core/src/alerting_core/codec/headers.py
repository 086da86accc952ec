"""What every record of ours says of itself."""

from typing import Final

from alerting_core.domain.alert import SCHEMA_VERSION

TRACE_HEADER: Final = "traceparent"

MESSAGE_HEADERS: Final[tuple[tuple[str, bytes], ...]] = (
    ("content-type", b"application/x-protobuf"),
    ("schema_version", str(SCHEMA_VERSION).encode()),
)


def message_headers(traceparent: str | None = None) -> tuple[tuple[str, bytes], ...]:
    """Return the headers of a new record, with the trace that it belongs to when that is known."""
    if traceparent is None:
        return MESSAGE_HEADERS
    return (*MESSAGE_HEADERS, (TRACE_HEADER, traceparent.encode(errors="replace")))
