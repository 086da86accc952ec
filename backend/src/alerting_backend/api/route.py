"""The one class of all API routes: what is the same for each operation happens here, so that none can forget it."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from alerting_backend.api.auth import admit, needs_of
from alerting_backend.api.idempotency import AnsweredBefore, settle_key
from alerting_backend.api.json_body import decode_json
from alerting_core.api.bodies import require_json


class _JsonRequest(Request):
    """A request whose body has been read and decoded already."""

    decoded: Any = None

    async def json(self) -> Any:
        """Return the body as JSON values."""
        return self.decoded


class ApiRoute(APIRoute):
    """Admits callers (401, 403), takes JSON in UTF-8 or nothing (415, 400), keeps answers under Idempotency-Keys."""

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
