"""The user interface, where one was built: its page under the path of every page that it has, and its files."""

from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from alerting_backend.api.container import Parts
from alerting_backend.api.ui_files import PAGE, PAGES, UiFiles

router = APIRouter(include_in_schema=False)

_SINGLE_FILES: Final = ("color-scheme.js", "icon.svg")


async def show_page(parts: Parts, request: Request) -> Response:
    """Answer with the one page; what is shown in it, it reads from its address."""
    return answer(parts.ui, PAGE, request)


async def show_file(parts: Parts, request: Request) -> Response:
    """Answer with a file that the page names."""
    return answer(parts.ui, request.url.path, request)


def answer(ui: UiFiles | None, path: str, request: Request) -> Response:
    """Return the file at *path*; without it, or without a build, nothing is there.

    Raises:
        HTTPException: 404.
    """
    response = None if ui is None else ui.answer(path, request)
    if response is None:
        raise HTTPException(404)
    return response


for _page in PAGES:
    router.add_api_route(f"/{_page}", show_page)
    router.add_api_route(f"/{_page}/{{rest:path}}", show_page)
for _file in (*_SINGLE_FILES, "ui/{name}"):
    router.add_api_route(f"/{_file}", show_file)
