"""Which request bodies are read, and how others are refused."""

import re
from typing import Final

from alerting_core import limits
from alerting_core.api.problem_kinds import ProblemKind
from alerting_core.api.refusal import Refusal
from alerting_core.problem import Problem, ProblemCode

# The standard library reads media types with its mail package, which takes a browser a quarter of a second to load.
_JSON: Final = re.compile(r"\s*application/(?:json|[^\s/;]+\+json)\s*(?:;|$)", re.IGNORECASE)
_CHARSET: Final = re.compile(r';\s*charset\s*=\s*(?:"([^"]*)"|([^\s;]*))', re.IGNORECASE)
_UTF8: Final = frozenset({"utf-8", "utf8", "us-ascii"})


def require_json(content_type: str) -> None:
    """Refuse a body that its sender does not call JSON in UTF-8."""
    charset = _CHARSET.search(content_type)
    named = "utf-8" if charset is None else (charset[1] or charset[2] or "").lower()
    if not _JSON.match(content_type) or named not in _UTF8:
        detail = "send the body as JSON in UTF-8, with the header Content-Type: application/json"
        raise Refusal(ProblemKind.UNSUPPORTED_MEDIA_TYPE, detail)


def body_too_large() -> Refusal:
    """Return the refusal of a body beyond `limits.BODY_BYTES_MAX`."""
    # The connection is closed: what is left of the body would otherwise have to be read to find the next request.
    detail = f"the body has more than {limits.BODY_BYTES_MAX} bytes; send it in parts"
    return Refusal(ProblemKind.BODY_TOO_LARGE, detail, headers={"Connection": "close"})


def not_utf8(place: int) -> Refusal:
    """Return the refusal of a body that stops being UTF-8 at byte *place*."""
    problem = Problem("", ProblemCode.NOT_UTF8, f"byte {place} is not part of UTF-8 text")
    return Refusal(ProblemKind.MALFORMED_BODY, "the body is not UTF-8", problems=[problem])


def not_json(reason: str) -> Refusal:
    """Return the refusal of a body that is text and not JSON; *reason* is the parser's, and says where."""
    problem = Problem("", ProblemCode.NOT_JSON, reason)
    return Refusal(ProblemKind.MALFORMED_BODY, "the body is not JSON", problems=[problem])
