"""The demo inbox over HTTP, below /demo/inbox."""

import secrets
from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse

from alerting_backend.demo.inbox import ARRIVALS_MAX, Inbox
from alerting_backend.demo.page import page_policy, render_cards, render_page
from alerting_core import limits

INBOX_PATH: Final = "/demo/inbox"

_Name = Annotated[str, Path(min_length=1, max_length=limits.ID_CHARS_MAX)]


ALERTS_MINUTES: Final = 3
"""For how long a press of the page's button sends alerts: long enough to look around."""


def inbox_router(inbox: Inbox, send_alerts: Callable[[], None]) -> APIRouter:
    """Return the routes of *inbox*. They are no part of the documented API, and whoever reaches them may read all.

    Args:
        inbox: Takes the messages, and shows them.
        send_alerts: Has alerts sent to the platform for `ALERTS_MINUTES` from now on.
    """
    router = APIRouter(prefix=INBOX_PATH, include_in_schema=False)

    @router.post("/webhook/{name}")
    async def take_webhook(name: _Name, request: Request) -> Response:
        status = inbox.take_webhook(name, _headers(request), await _body(request))
        return JSONResponse({"received": inbox.received}, status)

    @router.post("/slack/{name}")
    async def take_slack(name: _Name, request: Request) -> Response:
        status = inbox.take_slack(name, _headers(request), await _body(request))
        return PlainTextResponse("ok" if status == 200 else "invalid_payload", status)

    @router.get("")
    async def show(request: Request, limit: Annotated[int, Query(ge=0, le=ARRIVALS_MAX)] = ARRIVALS_MAX) -> Response:
        arrivals = inbox.arrivals[-limit:] if limit else ()
        if "text/html" not in request.headers.get("accept", ""):
            items = [arrival.as_json() for arrival in reversed(arrivals)]
            return JSONResponse({"items": items, "received": inbox.received}, headers={"Vary": "Accept"})
        nonce = secrets.token_urlsafe(16)
        page = render_page(arrivals, received=inbox.received, most=ARRIVALS_MAX, minutes=ALERTS_MINUTES, nonce=nonce)
        return HTMLResponse(page, headers={"Content-Security-Policy": page_policy(nonce), "Vary": "Accept"})

    @router.get("/news")
    async def show_news(after: Annotated[int, Query(ge=0)]) -> Response:
        news = [arrival for arrival in inbox.arrivals if arrival.number > after]
        return JSONResponse({"received": inbox.received, "cards": render_cards(news)})

    # PUT, which a page of another site cannot make a browser send.
    @router.put("/alerts", status_code=204)
    async def have_alerts_sent() -> None:
        send_alerts()

    @router.delete("", status_code=204)
    async def clear() -> None:
        inbox.clear()

    return router


def _headers(request: Request) -> dict[str, str]:
    return dict(request.headers.items())


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limits.BODY_BYTES_MAX:
            raise HTTPException(413, f"the inbox takes at most {limits.BODY_BYTES_MAX} bytes")
    return bytes(body)
