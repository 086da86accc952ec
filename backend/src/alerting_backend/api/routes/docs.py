"""The API's documentation as a page. Its program comes from an installed package: no browser needs another host."""

from functools import cache
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Response

router = APIRouter(include_in_schema=False)

# Swagger UI sets styles of elements by script, and has its icons as data.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)

_ASSETS: Final = {
    "swagger-ui.css": ("fastapi_swagger.resources", "text/css"),
    "swagger-ui-bundle.js": ("fastapi_swagger.resources", "text/javascript"),
    "docs.js": ("alerting_backend.api.pages", "text/javascript"),
    "docs.css": ("alerting_backend.api.pages", "text/css"),
}


@cache
def _read(package: str, name: str) -> bytes:
    return files(package).joinpath(name).read_bytes()


@router.get("/docs")
async def show_docs() -> Response:
    """Show the page."""
    page = _read("alerting_backend.api.pages", "docs.html")
    return Response(page, media_type="text/html", headers={"Content-Security-Policy": _POLICY})


def _serve(name: str, package: str, media_type: str) -> None:
    @router.get(f"/docs/{name}", name=name)
    async def serve() -> Response:
        # A day: the files change with a release only, and are half a megabyte even when compressed.
        headers = {"Cache-Control": "public, max-age=86400"} if package.startswith("fastapi") else {}
        return Response(_read(package, name), media_type=media_type, headers=headers)


for _name, (_package, _media_type) in _ASSETS.items():
    _serve(_name, _package, _media_type)
