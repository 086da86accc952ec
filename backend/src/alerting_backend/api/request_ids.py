"""The id that one request has in answers and in the log."""

import re
from collections.abc import MutableMapping
from typing import Any, Final
from uuid import uuid4

from starlette.datastructures import Headers

HEADER: Final = "X-Request-Id"

_ACCEPTABLE: Final = re.compile(r"[A-Za-z0-9._:+/=-]{1,128}")
"""What is taken over from a caller: enough for any usual id, and nothing that could forge a line of the log."""

_KEY: Final = "alerting.request_id"


def assign_request_id(scope: MutableMapping[str, Any]) -> str:
    """Give the request of *scope* the id that its caller sent, or a new one."""
    sent = Headers(scope=scope).get(HEADER, "")
    request_id = sent if _ACCEPTABLE.fullmatch(sent) else str(uuid4())
    scope[_KEY] = request_id
    return request_id


def request_id_of(scope: MutableMapping[str, Any]) -> str:
    """Return the id that was assigned."""
    request_id: str = scope[_KEY]
    return request_id
