"""What routes share: their class, headers as their parameters, the same request done once.

What is the same for each operation happens here, so that none can forget it.

`Idempotency-Key` on POST: the same request sent again is answered again, and done once. A route that changes something
takes `Once` as a parameter. It claims the key; `ApiRoute` then keeps the answer of a request that succeeded, and gives
the key up for one that was refused, since that changed nothing.
"""

import logging
import re
from collections.abc import Callable, Coroutine, Iterator, Mapping
from hashlib import sha256
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Request, Response
from fastapi.routing import APIRoute
from pydantic_core import from_json

from alerting_api.auth import PRINCIPAL_KEY, Container, Principal, admit, needs_of
from alerting_api.dialect import read_payload
from alerting_api.problems import ProblemKind, Refusal, add_refusals
from alerting_core import limits
from alerting_core.errors import AlertingError, InvalidInput, Problem, ProblemCode
from alerting_core.ports.idempotency import Answer, Different, Fresh, InProgress

KEY_HEADER: Final = "Idempotency-Key"
REPLAYED_HEADER: Final = "Idempotency-Replayed"

KEPT_HEADERS: Final = ("content-type", "location", "etag")
"""Headers of an answer that are kept with it, to be answered again."""

_CLAIM: Final = "alerting.idempotency_claim"
_KEPT_BODY: Final = "alerting.idempotency_kept_body"

_K = ProblemKind
_log: Final = logging.getLogger("alerting.api")

_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


async def trace_of(
    traceparent: Annotated[str | None, Header(description="W3C trace context; goes along with the alert.")] = None,
) -> str | None:
    """Return the caller's trace context. The specification asks to go on without one that cannot be read."""
    return traceparent if traceparent is not None and _TRACEPARENT.fullmatch(traceparent) else None


TraceParent = Annotated[str | None, Depends(trace_of)]
"""The caller's trace, which goes along with what the request leads to."""

_TAG: Final = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_VERSION: Final = re.compile(r"[1-9][0-9]{0,8}")

NO_VERSION: Final = 0
"""What no object ever has: a tag that is well formed and not one of ours can match nothing."""


def read_if_match(if_match: str | None) -> int | None:
    """Return the version that the caller expects to be stored; None for any.

    Args:
        if_match: Value of the header; None when there was none.

    Raises:
        InvalidInput: It is no ETag.

    Source:
        RFC 9110, section 13.1.1: If-Match compares strongly, so that a weak tag never matches.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    tag = _TAG.fullmatch(if_match.strip())
    if tag is None:
        detail = 'send one ETag as it came, for example "3"'
        raise InvalidInput([Problem("If-Match", ProblemCode.INVALID_HEADER, detail)])
    weak, text = tag.groups()
    return int(text) if not weak and _VERSION.fullmatch(text) else NO_VERSION


async def expected_version(
    if_match: Annotated[
        str | None,
        Header(
            alias="If-Match",
            description="The `ETag` that the object had when it was read, so that a change made meanwhile is not "
            "overwritten (412). Without it, or with `*`, the stored version is taken whatever it is.",
            examples=['"3"'],
        ),
    ] = None,
) -> int | None:
    """Return the version that the caller expects to be stored; None for any."""
    return read_if_match(if_match)


ExpectedVersion = Annotated[int | None, Depends(expected_version)]
"""If-Match as a parameter of routes that change something."""


class AnsweredBefore(Exception):
    """The request was done before; carries what it was answered."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("answered before")
        self.answer = answer


async def claim_key(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            alias=KEY_HEADER,
            description="Makes the request safe to repeat: within 24 hours, the same key with the same request is "
            "answered as before and nothing is done again. 1 to 255 visible characters, chosen by the caller.",
            json_schema_extra={"minLength": 1, "maxLength": limits.ID_CHARS_MAX, "pattern": r"^[\x21-\x7e]+$"},
            examples=["order-4711"],
        ),
    ] = None,
) -> None:
    """Claim the request's key, if it has one; refuse or answer at once what need not be done."""
    if idempotency_key is None:
        return
    _require_key(idempotency_key)
    principal: Principal = request.scope[PRINCIPAL_KEY]
    container: Container = request.app.state.container
    request_hash, now_ms = await _hash_request(request), container.clock.now_ms()
    match await container.idempotency.begin(principal.owner, idempotency_key, request_hash, now_ms=now_ms):
        case Fresh() as claim:
            request.scope[_CLAIM] = claim
        case Answer() as kept:
            raise AnsweredBefore(kept)
        case InProgress():
            detail = "the same request is being worked on; ask again in a moment"
            raise Refusal(_K.REQUEST_IN_PROGRESS, detail, headers={"Retry-After": "1"})
        case Different():
            detail = "this Idempotency-Key came with another request before; take a new one"
            raise Refusal(_K.IDEMPOTENCY_KEY_REUSED, detail)


Once = Annotated[None, Depends(claim_key)]


def _require_key(key: str) -> None:
    if not 1 <= len(key) <= limits.ID_CHARS_MAX or any(not 0x21 <= ord(c) <= 0x7E for c in key):
        detail = f"must have 1 to {limits.ID_CHARS_MAX} visible ASCII characters"
        raise InvalidInput([Problem(KEY_HEADER, ProblemCode.INVALID_HEADER, detail)])


async def _hash_request(request: Request) -> bytes:
    head = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return sha256(head + await request.body()).digest()


def keep_instead(request: Request, body: bytes) -> None:
    """Keep *body* rather than the answer's own, which holds a secret that is shown once."""
    request.scope[_KEPT_BODY] = body


def claimed_key(request: Request) -> str | None:
    """Return the key that the request claimed: what is made for it may be derived from that."""
    claim: Fresh | None = request.scope.get(_CLAIM)
    return claim.key if claim else None


async def settle_key(request: Request, response: Response | None) -> None:
    """Keep the answer under the request's key, or give the key up when the request came to nothing."""
    claim: Fresh | None = request.scope.pop(_CLAIM, None)
    if claim is None:
        return
    container: Container = request.app.state.container
    try:
        if response is None or response.status_code >= 300:
            await container.idempotency.abandon(claim)
            return
        body = request.scope.get(_KEPT_BODY, bytes(response.body))
        headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
        await container.idempotency.finish(claim, Answer(response.status_code, body, headers))
    except AlertingError as error:
        # What was asked for is done: the answer goes out. A repetition is refused as running until the claim is stale.
        _log.warning("idempotency_key_not_settled", extra={"reason": error.code})


async def answer_again(_: Request, error: Exception) -> Response:
    """Answer as before."""
    assert isinstance(error, AnsweredBefore)
    kept = error.answer
    headers = {**kept.headers, REPLAYED_HEADER: "true"}
    return Response(kept.body, status_code=kept.status_code, headers=headers)


# The standard library reads media types with its mail package, which takes a browser a quarter of a second to load.
_JSON: Final = re.compile(r"\s*application/(?:json|[^\s/;]+\+json)\s*(?:;|$)", re.IGNORECASE)
_CHARSET: Final = re.compile(r';\s*charset\s*=\s*(?:"([^"]*)"|([^\s;]*))', re.IGNORECASE)
_UTF8: Final = frozenset({"utf-8", "utf8", "us-ascii"})

_PLACE: Final = re.compile(r"(.*) at line (\d+) column (\d+)", re.DOTALL)
"""How the parser ends its reasons."""


class _JsonRequest(Request):
    """A request whose body has been read and decoded already."""

    decoded: Any = None

    async def json(self) -> Any:
        """Return the body as JSON values."""
        return self.decoded


_DESCRIPTIONS: Final[Mapping[int | None, str]] = {202: "Accepted: durable, and under way.", 204: "Deleted."}
"""What an operation has done, by the status that it answers with, where that is an unusual one."""

_BODY_REFUSALS: Final = (_K.MALFORMED_BODY, _K.BODY_TOO_LARGE, _K.UNSUPPORTED_MEDIA_TYPE, _K.INVALID_INPUT)

_DEPENDENCY_REFUSALS: Final[Mapping[object, tuple[ProblemKind, ...]]] = {
    claim_key: (_K.BODY_TOO_LARGE, _K.INVALID_INPUT, _K.REQUEST_IN_PROGRESS, _K.IDEMPOTENCY_KEY_REUSED),
    read_payload: (_K.MALFORMED_BODY, _K.BODY_TOO_LARGE, _K.INVALID_INPUT),
    expected_version: (_K.NOT_FOUND, _K.VERSION_CONFLICT, _K.INVALID_INPUT),
}


class ApiRoute(APIRoute):
    """Admits callers (401, 403), takes JSON in UTF-8 or nothing (415, 400), keeps answers under Idempotency-Keys.

    The `responses` that a route declares name what its use case refuses, and the headers of its answer. What follows
    from its parameters is added here: who may call, and what may be wrong with the body, the headers, path and query.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.response_description = _DESCRIPTIONS.get(self.status_code, self.response_description)
        self.responses = add_refusals(self.responses, self._refused_by_parameters())

    def _refused_by_parameters(self) -> Iterator[ProblemKind]:
        taken = self.dependant
        if needs := needs_of(taken):
            yield _K.UNAUTHENTICATED
            if needs.scopes or needs.operator:
                yield _K.FORBIDDEN
        if self.body_field is not None:
            yield from _BODY_REFUSALS
        for dependency in taken.dependencies:
            yield from _DEPENDENCY_REFUSALS.get(dependency.call, ())
        if taken.path_params:
            yield _K.NOT_FOUND
        if taken.query_params:
            yield _K.INVALID_INPUT

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's own way from request to response."""
        serve = super().get_route_handler()
        takes_body = self.body_field is not None
        needs = needs_of(self.dependant)

        async def serve_strictly(request: Request) -> Response:
            if needs is not None:
                await admit(request, needs)
            strict = _JsonRequest(request.scope, request.receive)
            if takes_body and (body := await strict.body()):
                require_json(request.headers.get("content-type", ""))
                strict.decoded = decode_json(body)
            try:
                response = await serve(strict)
            except AnsweredBefore:
                raise
            except Exception:
                await settle_key(strict, None)
                raise
            await settle_key(strict, response)
            return response

        return serve_strictly


def require_json(content_type: str) -> None:
    """Refuse a body that its sender does not call JSON in UTF-8."""
    charset = _CHARSET.search(content_type)
    named = "utf-8" if charset is None else (charset[1] or charset[2] or "").lower()
    if not _JSON.match(content_type) or named not in _UTF8:
        detail = "send the body as JSON in UTF-8, with the header Content-Type: application/json"
        raise Refusal(_K.UNSUPPORTED_MEDIA_TYPE, detail)


def decode_json(body: bytes) -> Any:
    """Decode *body*, or refuse it and say where it goes wrong."""
    try:
        body.decode()
    except UnicodeDecodeError as error:
        problem = Problem("", ProblemCode.NOT_UTF8, f"byte {error.start} is not part of UTF-8 text")
        raise Refusal(_K.MALFORMED_BODY, "the body is not UTF-8", problems=[problem]) from None
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        reason = str(error)[:200]
        if place := _PLACE.fullmatch(reason):
            reason = f"line {place[2]}, column {place[3]}: {place[1]}"
        problem = Problem("", ProblemCode.NOT_JSON, reason)
        raise Refusal(_K.MALFORMED_BODY, "the body is not JSON", problems=[problem]) from None
