"""Reads request bodies strictly, so that every route refuses the same things in the same way."""

from email.message import Message
from typing import Any

import orjson

from alerting_backend.api.problem_codes import ProblemKind
from alerting_backend.api.problems import Refusal
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


def decode_json(body: bytes) -> Any:
    """Decode *body*, or refuse it and say where it goes wrong."""
    try:
        body.decode()
    except UnicodeDecodeError as error:
        problem = Problem("", ProblemCode.NOT_UTF8, f"byte {error.start} is not part of UTF-8 text")
        raise Refusal(ProblemKind.MALFORMED_BODY, "the body is not UTF-8", problems=[problem]) from None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        problem = Problem("", ProblemCode.NOT_JSON, f"line {error.lineno}, column {error.colno}: {error.msg[:200]}")
        raise Refusal(ProblemKind.MALFORMED_BODY, "the body is not JSON", problems=[problem]) from None
