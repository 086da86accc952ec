"""Which request bodies are read, and how others are refused."""

from email.message import Message

from alerting_core import limits
from alerting_core.api.problem_kinds import ProblemKind
from alerting_core.api.refusal import Refusal
from alerting_core.problem import Problem, ProblemCode


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


def not_utf8(place: int) -> Refusal:
    """Return the refusal of a body that stops being UTF-8 at byte *place*."""
    problem = Problem("", ProblemCode.NOT_UTF8, f"byte {place} is not part of UTF-8 text")
    return Refusal(ProblemKind.MALFORMED_BODY, "the body is not UTF-8", problems=[problem])


def not_json(reason: str) -> Refusal:
    """Return the refusal of a body that is text and not JSON; *reason* is the parser's, and says where."""
    problem = Problem("", ProblemCode.NOT_JSON, reason)
    return Refusal(ProblemKind.MALFORMED_BODY, "the body is not JSON", problems=[problem])
