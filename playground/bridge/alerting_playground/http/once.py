"""Requests with an Idempotency-Key: done once, answered as often as asked."""

import logging
from hashlib import sha256
from typing import Final

from alerting_core.api.repetition import (
    KEPT_HEADERS,
    KEY_HEADER,
    REPLAYED_HEADER,
    refuse_repetition,
    require_key,
)
from alerting_core.errors import AlertingError
from alerting_core.ports import idempotency
from alerting_core.ports.idempotency import Different, Fresh, Running
from alerting_playground.http.message import Answer, Request
from alerting_playground.http.operation import OWNER
from alerting_playground.http.parts import Parts

_log: Final = logging.getLogger("alerting_playground")


async def claim_key(parts: Parts, request: Request) -> Fresh | Answer | None:
    """Claim the key of *request*: None when it has none, an answer when it was done before.

    Raises InvalidInput, and Refusal when the key is taken.
    """
    key = request.header(KEY_HEADER)
    if key is None:
        return None
    require_key(key)
    head = f"{request.method} {request.path}?{request.query}\n".encode()
    now_ms = parts.clock.now_ms()
    found = await parts.idempotency.begin(OWNER, key, sha256(head + request.body).digest(), now_ms=now_ms)
    match found:
        case Running() | Different():
            refuse_repetition(found)
        case idempotency.Answer():
            return Answer(found.status_code, {**found.headers, REPLAYED_HEADER.lower(): "true"}, found.body)
        case Fresh():
            pass
    return found


async def settle_key(parts: Parts, claim: Fresh | None, answer: Answer | None, *, kept: bytes | None = None) -> None:
    """Keep *answer*, or *kept* in the place of its body; give the key up when the request came to nothing."""
    if claim is None:
        return
    try:
        if answer is None:
            await parts.idempotency.abandon(claim)
            return
        headers = {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers}
        body = answer.body if kept is None else kept
        await parts.idempotency.finish(claim, idempotency.Answer(answer.status, body, headers))
    except AlertingError as error:
        # What was asked for is done: the answer goes out. A repetition is refused as running until the claim is stale.
        _log.warning("an Idempotency-Key could not be settled: %s", error.code)
