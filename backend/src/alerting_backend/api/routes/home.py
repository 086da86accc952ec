"""The first page: the user interface; where none was built, what runs here, and what to type next."""

from functools import cache
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.routing import iter_route_contexts

from alerting_backend.api.container import Parts
from alerting_backend.api.routes.ui import answer
from alerting_backend.api.ui_files import PAGE

router = APIRouter(include_in_schema=False)

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)

_ASSETS: Final = {"home.css": "text/css", "home.js": "text/javascript", "icon.svg": "image/svg+xml"}


@cache
def _read(name: str) -> bytes:
    return files("alerting_backend.api.pages").joinpath(name).read_bytes()


_INBOX: Final = "/demo/inbox"


@router.get("/")
async def show_home(parts: Parts, request: Request) -> Response:
    """Show the page."""
    if parts.ui is not None:
        return answer(parts.ui, PAGE, request)
    page = _read("home.html")
    if not any(route.path == _INBOX for route in iter_route_contexts(request.app.routes)):
        page = _without_inbox(page)
    return Response(page, media_type="text/html", headers={"Content-Security-Policy": _POLICY})


def _without_inbox(page: bytes) -> bytes:
    """Take out the card of the demo's inbox, and name another place where the examples do."""
    lines = [line for line in page.splitlines(keepends=True) if b'href="/demo/inbox"' not in line]
    return (
        b"".join(lines)
        .replace(b"Say where to be told; here, the demo's inbox:", b"Say where to be told:")
        .replace(b"ORIGIN/demo/inbox/webhook/acme", b"https://example.com/hooks/alerts")
    )


def _serve(name: str, media_type: str) -> None:
    @router.get(f"/assets/{name}", name=name)
    async def serve() -> Response:
        return Response(_read(name), media_type=media_type, headers={"Cache-Control": "public, max-age=3600"})


for _name, _media_type in _ASSETS.items():
    _serve(_name, _media_type)
