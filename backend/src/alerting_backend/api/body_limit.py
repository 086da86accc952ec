"""Refuses request bodies beyond the limit, announced or not, before they are in memory."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alerting_backend.api.problem_codes import ProblemKind
from alerting_backend.api.problems import Refusal, answer
from alerting_backend.api.request_ids import request_id_of


class BodyLimit:
    """ASGI middleware that lets at most `bytes_max` of a request body through."""

    def __init__(self, app: ASGIApp, *, bytes_max: int) -> None:
        self.app = app
        self.bytes_max = bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isascii() and announced.isdigit() and int(announced[:20]) > self.bytes_max:
            await answer(self._refusal(), request_id=request_id_of(scope))(scope, receive, send)
            return
        received = 0

        async def receive_some() -> Message:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > self.bytes_max:
                    raise self._refusal()
            return message

        await self.app(scope, receive_some, send)

    def _refusal(self) -> Refusal:
        # The connection is closed: what is left of the body would otherwise have to be read to find the next request.
        detail = f"the body has more than {self.bytes_max} bytes; send it in parts"
        return Refusal(ProblemKind.BODY_TOO_LARGE, detail, headers={"Connection": "close"})
