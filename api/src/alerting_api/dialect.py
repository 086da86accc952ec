"""Routes on which another system's protocol is the contract: how much they take, how they read it, how they refuse.

Whoever calls them cannot read our problem documents, does not call its body what it is, and will not split what it
sends. So such a route takes larger bodies, reads what is not quite JSON in UTF-8 as far as it can be, and asks for a
password besides a bearer token; an Alertmanager's refuses as an Alertmanager does. What holds is found by the path,
before any route is looked up: a body may be refused before that.
"""

import json
import re
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Request, Response

from alerting_api.problems import AnswerForm, ProblemKind, Refusal, answer
from alerting_core import limits
from alerting_core.errors import Problem, ProblemCode
from alerting_core.sources.table import SourceName

ALERTMANAGER_PATH: Final = "/api/v2/alerts"
SOURCES_PATH: Final = "/api/v1/sources"

_SOURCE_PATHS: Final = frozenset(f"{SOURCES_PATH}/{name}" for name in SourceName)

_FRAMEWORK_STATUSES: Final = frozenset({404, 405, 415})
"""What an Alertmanager's framework answers by itself, with an object instead of a text."""

_JSON: Final = re.compile(r"\s*application/json\s*(?:;|$)", re.IGNORECASE)


def answer_as_alertmanager(refused: Refusal, *, request_id: str) -> Response:
    """Return the response that carries *refused* as an Alertmanager does: a JSON text, or an object of its framework.

    It knows no 422: what is wrong with alerts is a 400.
    """
    status = 400 if refused.kind is ProblemKind.INVALID_INPUT else refused.status
    found = [f"{one.path}: {one.detail}" if one.path else one.detail for one in refused.problems]
    message = "; ".join([f"{refused.detail} (request {request_id})", *found[:_PROBLEMS_SAID_MAX]])
    said = {"code": status, "message": message} if status in _FRAMEWORK_STATUSES else message
    body = json.dumps(said, ensure_ascii=False)
    return Response(body, status_code=status, media_type="application/json", headers=refused.headers)


_PROBLEMS_SAID_MAX: Final = 20
"""In one text; senders write it into a line of their logs."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What holds for requests to a path.

    Attributes:
        answer: How a refusal is written.
        body_bytes_max: Of one body.
        asks_for_password: Whether a caller without a key is told that it may send one as a password, too. A browser
            asks a person for that: not on the routes of pages.
    """

    answer: AnswerForm = answer
    body_bytes_max: int = limits.BODY_BYTES_MAX
    asks_for_password: bool = False


OURS: Final = Dialect()
ALERTMANAGER: Final = Dialect(answer_as_alertmanager, limits.FOREIGN_BODY_BYTES_MAX, asks_for_password=True)
SOURCES: Final = Dialect(body_bytes_max=limits.FOREIGN_BODY_BYTES_MAX, asks_for_password=True)


def dialect_of(path: str) -> Dialect:
    """Return what holds for requests to *path*."""
    if path == ALERTMANAGER_PATH:
        return ALERTMANAGER
    return SOURCES if path in _SOURCE_PATHS else OURS


def require_json_named(content_type: str) -> None:
    """Refuse what an Alertmanager refuses: a body that is not called JSON."""
    if not _JSON.match(content_type):
        detail = f"unsupported media type {content_type[:100]!r}, only [application/json] are allowed"
        raise Refusal(ProblemKind.UNSUPPORTED_MEDIA_TYPE, detail)


def decode_leniently(body: bytes) -> Any:
    """Decode *body*, with U+FFFD for what is not UTF-8; a lone surrogate stays what it is.

    Raises:
        Refusal: It is no JSON.
    """
    text = body.decode("utf-8-sig", errors="replace")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = str(error)[:200] or "too deep"
        problem = Problem("", ProblemCode.NOT_JSON, reason)
        raise Refusal(ProblemKind.MALFORMED_BODY, "the body is not JSON", problems=[problem]) from None


async def read_payload(request: Request) -> Any:
    """Return the body of *request* as JSON values; None when there is none."""
    body = await request.body()
    return decode_leniently(body) if body.strip() else None


Payload = Annotated[Any, Depends(read_payload)]
"""The body of a request in another system's form, decoded."""
