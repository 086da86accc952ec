"""Reads request bodies strictly, so that every route refuses the same things in the same way."""

from typing import Any

import orjson

from alerting_core.api.problem_kinds import ProblemKind
from alerting_core.api.refusal import Refusal
from alerting_core.problem import Problem, ProblemCode


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
