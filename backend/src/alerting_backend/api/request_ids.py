"""The id that one request has in answers and in the log."""

from collections.abc import MutableMapping
from typing import Any, Final
from uuid import uuid4

from starlette.datastructures import Headers

from alerting_core.api.headers import REQUEST_ID_HEADER, given_request_id

_KEY: Final = "alerting.request_id"


def assign_request_id(scope: MutableMapping[str, Any]) -> str:
    """Give the request of *scope* the id that its caller sent, or a new one."""
    request_id = given_request_id(Headers(scope=scope).get(REQUEST_ID_HEADER)) or str(uuid4())
    scope[_KEY] = request_id
    return request_id


def request_id_of(scope: MutableMapping[str, Any]) -> str:
    """Return the id that was assigned."""
    request_id: str = scope[_KEY]
    return request_id
