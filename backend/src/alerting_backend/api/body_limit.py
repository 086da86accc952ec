"""Refuses request bodies beyond the limit, announced or not, before they are in memory."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alerting_backend.api.problems import answer
from alerting_backend.api.request_ids import request_id_of
from alerting_core import limits
from alerting_core.api.bodies import body_too_large


class BodyLimit:
    """ASGI middleware that lets at most `limits.BODY_BYTES_MAX` of a request body through."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isascii() and announced.isdigit() and int(announced[:20]) > limits.BODY_BYTES_MAX:
            await answer(body_too_large(), request_id=request_id_of(scope))(scope, receive, send)
            return
        received = 0

        async def receive_some() -> Message:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > limits.BODY_BYTES_MAX:
                    raise body_too_large()
            return message

        await self.app(scope, receive_some, send)
