"""From a request to the operation that answers it, and from whatever comes of that to an answer."""

import logging
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote
from uuid import uuid4

from alerting_core import limits
from alerting_core.api import findings
from alerting_core.api.bodies import body_too_large, require_json
from alerting_core.api.headers import REQUEST_ID_HEADER, given_request_id, readable_trace
from alerting_core.api.problem_kinds import PROBLEM_TYPES, ProblemKind
from alerting_core.api.refusal import MEDIA_TYPE, NOTHING_HERE, Refusal, document, refusal_of
from alerting_core.api.versions import expected_version
from alerting_core.errors import InvalidInput
from alerting_core.problem import Problem
from alerting_playground.http import json_text
from alerting_playground.http.message import Answer, Request
from alerting_playground.http.once import claim_key, settle_key
from alerting_playground.http.operation import Call, Operation, Reply, path_pattern
from alerting_playground.http.parts import Parts
from alerting_playground.http.routes import (
    alerts,
    clients,
    dead_letters,
    endpoints,
    jobs,
    keys,
    me,
    metrics,
    notifications,
    rules,
)

OPERATIONS: Final[tuple[Operation, ...]] = (
    *alerts.OPERATIONS,
    *clients.OPERATIONS,
    *rules.OPERATIONS,
    *endpoints.OPERATIONS,
    *notifications.OPERATIONS,
    *keys.OPERATIONS,
    *jobs.OPERATIONS,
    *metrics.OPERATIONS,
    *dead_letters.OPERATIONS,
    *me.OPERATIONS,
)
"""All there are."""

_PATTERNS: Final = [(path_pattern(operation.path), operation) for operation in OPERATIONS]

_log: Final = logging.getLogger("alerting_playground")


async def answer(parts: Parts, request: Request) -> Answer:
    """Answer *request* as the platform's API would answer an operator. Never raises for what a request holds."""
    request_id = given_request_id(request.header(REQUEST_ID_HEADER)) or str(uuid4())
    try:
        answered = await _serve(parts, request)
    except Exception as error:
        refusal = refusal_of(error)
        if refusal.kind is ProblemKind.INTERNAL:
            _log.exception("request %s failed: %s %s", request_id, request.method, request.path)
        answered = _refused(refusal, request_id=request_id)
    body = b"" if request.method == "HEAD" else answered.body
    return Answer(answered.status, {**answered.headers, REQUEST_ID_HEADER.lower(): request_id}, body)


async def _serve(parts: Parts, request: Request) -> Answer:
    if len(request.body) > limits.BODY_BYTES_MAX:
        raise body_too_large()
    operation, names = _find(request.method, unquote(request.path))
    body = _decode_body(operation, request)
    claim = await claim_key(parts, request) if operation.once else None
    if isinstance(claim, Answer):
        return claim
    try:
        reply = await operation.act(_read_call(parts, request, operation, names, body, claim.key if claim else None))
    except BaseException:
        await settle_key(parts, claim, None)
        raise
    answered = _answered(reply)
    kept = None if reply.kept is None else json_text.encode(reply.kept)
    await settle_key(parts, claim, answered, kept=kept)
    return answered


def _find(method: str, path: str) -> tuple[Operation, Mapping[str, str]]:
    """Return the operation for *path*, and what stands in the place of its parameters."""
    fitting = [(found, operation) for pattern, operation in _PATTERNS if (found := pattern.match(path))]
    if not fitting:
        raise Refusal(ProblemKind.NOT_FOUND, NOTHING_HERE)
    # What is spelled out in a path of one row is not what the parameter of another one stands for.
    spelled_out = max(operation.spelled_out for _, operation in fitting)
    fitting = [(found, operation) for found, operation in fitting if operation.spelled_out == spelled_out]
    for found, operation in fitting:
        if operation.method == method:
            return operation, found.groupdict()
    allowed = ", ".join(sorted({operation.method for _, operation in fitting}))
    kind = ProblemKind.METHOD_NOT_ALLOWED
    raise Refusal(kind, PROBLEM_TYPES[kind].says, headers={"Allow": allowed})


def _decode_body(operation: Operation, request: Request) -> Any:
    if operation.body is None or not request.body:
        return None
    require_json(request.header("Content-Type") or "")
    return json_text.decode(request.body)


def _read_call(
    parts: Parts, request: Request, operation: Operation, names: Mapping[str, str], body: Any, key: str | None
) -> Call:
    """Return the call that *request* makes. Raises InvalidInput with all that is wrong with it."""
    version = expected_version(request.header("If-Match")) if operation.versioned else None
    found: list[Problem] = []
    query = {} if operation.query is None else operation.query.read(request.query, found)
    if operation.body is not None:
        if not request.body and operation.needs_body:
            found.append(findings.is_required())
        elif operation.needs_body or body is not None:
            body = operation.body.read(body, "", found)
    if found:
        raise InvalidInput(found)
    return Call(parts, names, query, body, version, readable_trace(request.header("traceparent")), key)


def _answered(reply: Reply) -> Answer:
    headers = {name.lower(): value for name, value in reply.headers.items()}
    if reply.value is None:
        return Answer(reply.status, headers)
    return Answer(reply.status, {**headers, "content-type": "application/json"}, json_text.encode(reply.value))


def _refused(refusal: Refusal, *, request_id: str) -> Answer:
    headers = {name.lower(): value for name, value in refusal.headers.items()} | {"content-type": MEDIA_TYPE}
    return Answer(refusal.status, headers, json_text.encode(document(refusal, request_id=request_id)))
