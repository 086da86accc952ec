"""`Idempotency-Key` on POST: the same request sent again is answered again, and done once.

A route that changes something takes `Once` as a parameter. It claims the key; `ApiRoute` then keeps
the answer of a request that succeeded, and gives the key up for one that was refused, since that changed nothing.
"""

from hashlib import sha256
from typing import Annotated, Final

import structlog
from fastapi import Depends, Header, Request
from starlette.responses import Response

from alerting_backend.api.container import Container
from alerting_backend.api.principal import PRINCIPAL_KEY, Principal
from alerting_core import limits
from alerting_core.api.repetition import KEPT_HEADERS, KEY_HEADER, REPLAYED_HEADER, refuse_repetition, require_key
from alerting_core.errors import AlertingError
from alerting_core.ports.clock import Clock
from alerting_core.ports.idempotency import Answer, Different, Fresh, IdempotencyStore, Running

_CLAIM: Final = "alerting.idempotency_claim"
_KEPT_BODY: Final = "alerting.idempotency_kept_body"

_log = structlog.get_logger("alerting.api")


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
    require_key(idempotency_key)
    principal: Principal = request.scope[PRINCIPAL_KEY]
    store, clock = _parts(request)
    found = await store.begin(principal.owner, idempotency_key, await _hash_request(request), now_ms=clock.now_ms())
    match found:
        case Fresh():
            request.scope[_CLAIM] = found
        case Answer():
            raise AnsweredBefore(found)
        case Running() | Different():
            refuse_repetition(found)


Once = Annotated[None, Depends(claim_key)]


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
    store, _ = _parts(request)
    try:
        if response is None or response.status_code >= 300:
            await store.abandon(claim)
            return
        body = request.scope.get(_KEPT_BODY, bytes(response.body))
        headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
        await store.finish(claim, Answer(response.status_code, body, headers))
    except AlertingError as error:
        # What was asked for is done: the answer goes out. A repetition is refused as running until the claim is stale.
        _log.warning("idempotency_key_not_settled", reason=error.code)


def answer_again(_: Request, error: Exception) -> Response:
    """Answer as before."""
    assert isinstance(error, AnsweredBefore)
    kept = error.answer
    headers = {**kept.headers, REPLAYED_HEADER: "true"}
    return Response(kept.body, status_code=kept.status_code, headers=headers)


def _parts(request: Request) -> tuple[IdempotencyStore, Clock]:
    container: Container = request.app.state.container
    return container.idempotency, container.clock


async def _hash_request(request: Request) -> bytes:
    head = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return sha256(head + await request.body()).digest()
