"""Headers that requests come with: which values are taken over, and which bodies are read."""

import re
from email.message import Message
from typing import Final

from alerting_core import limits
from alerting_core.api.problem_kinds import ProblemKind
from alerting_core.api.refusal import Refusal

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


def require_json(content_type: str) -> None:
    """Refuse a body that its sender does not call JSON in UTF-8."""
    message = Message()
    message["content-type"] = content_type
    subtype = message.get_content_subtype()
    is_json = message.get_content_maintype() == "application" and (subtype == "json" or subtype.endswith("+json"))
    charset = message.get_content_charset("utf-8")
    if not content_type or not is_json or charset not in {"utf-8", "utf8", "us-ascii"}:
        detail = "send the body as JSON in UTF-8, with the header Content-Type: application/json"
        raise Refusal(ProblemKind.UNSUPPORTED_MEDIA_TYPE, detail)


def body_too_large() -> Refusal:
    """Return the refusal of a body beyond `limits.BODY_BYTES_MAX`."""
    # The connection is closed: what is left of the body would otherwise have to be read to find the next request.
    detail = f"the body has more than {limits.BODY_BYTES_MAX} bytes; send it in parts"
    return Refusal(ProblemKind.BODY_TOO_LARGE, detail, headers={"Connection": "close"})
