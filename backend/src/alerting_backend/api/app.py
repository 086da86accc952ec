"""The API of a server: its pages for people, the application that they are part of, and its description.

The pages are the user interface, a first page where none was built, and the documentation of the API. Everything that a
page needs is in this package or in an installed one: no browser needs another host.
"""

import asyncio
import gzip
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from mimetypes import guess_type
from pathlib import Path
from typing import Final

import orjson
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException

from alerting_api import app as api
from alerting_api import auth, problems
from alerting_backend.adapters.postgres.ports import PostgresPorts
from alerting_backend.adapters.transport import addresses, sns
from alerting_backend.api.files import ASK_EACH_TIME, PAGE, PAGES, File, Files, read_ui, ui_folder
from alerting_backend.api.probes import ServerContainer, ServerParts, exposition_router, probes_router
from alerting_backend.settings import Settings, SettingsInvalid
from alerting_core.app import dead_letters, operations
from alerting_core.app.application import Application
from alerting_core.app.sns import SnsIntake
from alerting_core.ports import metrics
from alerting_core.ports.clock import Clock
from alerting_core.ports.operations import DeadLetterStore

pages_router = APIRouter(include_in_schema=False)

_ASSETS: Final = "alerting_backend.api.assets"
_SWAGGER: Final = "fastapi_swagger.resources"

# Swagger UI sets styles of elements by script, and has its icons as data.
_DOCS_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_HOME_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)

_HOUR: Final = "public, max-age=3600"
_DAY: Final = "public, max-age=86400"
"""Files of another package change with a release only."""

_INBOX: Final = "/demo/inbox"


@cache
def _read(package: str, name: str, cached: str = ASK_EACH_TIME, policy: str | None = None) -> File:
    plain = files(package).joinpath(name).read_bytes()
    media_type = guess_type(name)[0] or "application/octet-stream"
    return File(media_type, plain, gzip.compress(plain, mtime=0), cached, policy)


def _serve(path: str, package: str, cached: str, policy: str | None = None) -> None:
    name = path.rpartition("/")[2]

    @pages_router.get(path.removesuffix(".html"), name=name)
    async def serve(request: Request) -> Response:
        # Packed when it is asked for first: two megabytes take a tenth of a second.
        return (await asyncio.to_thread(_read, package, name, cached, policy)).answer(request)


for _name in ("home.css", "home.js", "icon.svg"):
    _serve(f"/assets/{_name}", _ASSETS, _HOUR)
for _name in ("swagger-ui.css", "swagger-ui-bundle.js"):
    _serve(f"/docs/{_name}", _SWAGGER, _DAY)
for _name in ("docs.css", "docs.js"):
    _serve(f"/docs/{_name}", _ASSETS, ASK_EACH_TIME)
_serve("/docs.html", _ASSETS, ASK_EACH_TIME, _DOCS_POLICY)


async def show_page(parts: ServerParts, request: Request) -> Response:
    """Answer with the one page; what is shown in it, it reads from its address."""
    return _file(parts.ui, PAGE).answer(request)


async def show_file(parts: ServerParts, request: Request) -> Response:
    """Answer with a file that the page names."""
    return _file(parts.ui, request.url.path).answer(request)


def _file(ui: Files | None, path: str) -> File:
    """Return the file at *path*; without it, or without a build, nothing is there.

    Raises:
        HTTPException: 404.
    """
    file = None if ui is None else ui.get(path)
    if file is None:
        raise HTTPException(404)
    return file


for _page in PAGES:
    pages_router.add_api_route(f"/{_page}", show_page)
    pages_router.add_api_route(f"/{_page}/{{rest:path}}", show_page)
for _path in ("color-scheme.js", "icon.svg", "ui/{name}"):
    pages_router.add_api_route(f"/{_path}", show_file)


@pages_router.get("/")
async def show_home(parts: ServerParts, request: Request) -> Response:
    """Show the first page: the user interface; where none was built, what runs here, and what to type next."""
    return _home(parts.ui, request).answer(request)


async def answer_unknown_path(request: Request, error: Exception) -> Response:
    """Answer a browser that asks for a page that is not there with the page that says so; others with a problem."""
    container: ServerContainer = request.app.state.container
    if isinstance(error, HTTPException) and error.status_code == 404 and _is_for_a_person(request):
        return _home(container.ui, request).answer(request, status=404)
    return await problems.answer_error(request, error)


def _is_for_a_person(request: Request) -> bool:
    is_page = request.method == "GET" and not request.url.path.startswith("/api/")
    return is_page and "text/html" in request.headers.get("accept", "")


def _home(ui: Files | None, request: Request) -> File:
    if ui is not None:
        return ui[PAGE]
    page = _read(_ASSETS, "home.html").plain
    if not any(route.path == _INBOX for route in iter_route_contexts(request.app.routes)):
        page = _without_inbox(page)
    return File("text/html", page, policy=_HOME_POLICY)


def _without_inbox(page: bytes) -> bytes:
    """Take out the card of the demo's inbox, and name another place where the examples do."""
    lines = [line for line in page.splitlines(keepends=True) if b'href="/demo/inbox"' not in line]
    return (
        b"".join(lines)
        .replace(b"Say where to be told; here, the demo's inbox:", b"Say where to be told:")
        .replace(b"ORIGIN/demo/inbox/webhook/acme", b"https://example.com/hooks/alerts")
    )


def create_app(container: ServerContainer) -> FastAPI:
    """Return the ASGI application that serves *container*. It needs no lifespan: nothing is started or stopped here."""
    app = make_routes()
    install(app, container)
    return app


def make_routes() -> FastAPI:
    """Return the application without anything to serve from: enough to be described."""
    app = api.make_routes((probes_router, exposition_router, pages_router))
    app.add_exception_handler(HTTPException, answer_unknown_path)
    return app


def install(app: FastAPI, container: ServerContainer) -> None:
    """Let *app* serve *container* from now on."""
    api.install(app, container)


def make_container(
    ports: PostgresPorts,
    settings: Settings,
    *,
    stages: metrics.StageMetrics,
    checks: Mapping[str, operations.ReadinessCheck],
    board: metrics.StageMetrics | None = None,
    letters: DeadLetterStore | None = None,
) -> ServerContainer:
    """Return all that requests need.

    Args:
        ports: On the database.
        settings: Of this process.
        stages: The figures of this process.
        checks: What readiness depends on.
        board: The figures of all processes; those of this one when it is the only one.
        letters: The dead letters; those of the streams in the database when left out.
    """
    application = ports.application
    use = Application.on(
        application,
        placeholders=settings.placeholder_domains,
        life_ms=settings.resolve_timeout,
        severity_words=dict(settings.severity_words),
    )
    return ServerContainer(
        use=use,
        clock=application.clock,
        authenticator=auth.KeyAuthenticator(application.keys, application.clock),
        idempotency=ports.idempotency(),
        jobs=operations.GeneratorJobs(ports.jobs(), application.clock, application.ids),
        dead_letters=dead_letters.DeadLetters(ports.dead_letters() if letters is None else letters),
        dashboard=operations.Dashboard(application.history, stages if board is None else board, application.clock),
        started_at_ms=application.clock.now_ms(),
        stages=stages,
        checks=checks,
        source_label=settings.prometheus_source_label,
        sns=_sns(settings, application.clock),
        ui=_ui(settings),
    )


def _sns(settings: Settings, clock: Clock) -> SnsIntake | None:
    """Return the way in for messages of SNS; None when no topic is allowed."""
    if not settings.sns_topics:
        return None
    policy = addresses.AddressPolicy.allowing(settings.delivery_allowed_networks or ())
    try:
        return SnsIntake(settings.sns_topics, sns.AmazonSns(sns.fetch_by(policy), clock))
    except ValueError as error:
        raise SettingsInvalid([f"ALERTING_SNS_TOPICS cannot be used: {error}"]) from None


def _ui(settings: Settings) -> Files | None:
    """Return the built user interface; without one, the API shows a page of its own."""
    folder = ui_folder() if settings.ui_dir is None else settings.ui_dir
    try:
        return None if folder is None else read_ui(folder)
    except OSError as error:
        name = "ALERTING_UI_DIR" if settings.ui_dir else str(folder)
        raise SettingsInvalid([f"{name} has no index.html that can be read: {error.strerror}"]) from error


def main(arguments: Sequence[str]) -> int:
    """Write to the file named, or to standard output."""
    document = orjson.dumps(make_routes().openapi(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if arguments:
        Path(arguments[0]).write_bytes(document)
    else:
        sys.stdout.buffer.write(document)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
