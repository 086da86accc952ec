"""Who is calling."""

from typing import Final

from alerting_core.api.shapes.key import caller_shape
from alerting_playground.http.operation import Call, Operation, Reply


async def get(call: Call) -> Reply:
    """Say who calls, and what it may do."""
    return Reply(caller_shape(call.parts.caller))


OPERATIONS: Final = (Operation("GET", "/api/v1/me", get),)
