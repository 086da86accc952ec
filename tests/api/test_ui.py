"""The built user interface, as the API serves it."""

import gzip
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from httpx import AsyncClient

from alerting_backend.api.app import install
from alerting_backend.api.files import PAGES, read_ui
from tests.api.catalog import refusal
from tests.api.world import World
from tests.tidy.sources import CHECKOUT

PAGE = b"<!doctype html><script type=module src=/ui/index-abc123.js></script>"
PROGRAM = b"export {};" * 200


@pytest.fixture
def world_with_ui(memory_world: World, tmp_path: Path) -> World:
    """A world whose API serves a small build."""
    (tmp_path / "ui").mkdir()
    (tmp_path / ".vite").mkdir()
    (tmp_path / ".vite" / "manifest.json").write_bytes(b"{}")
    (tmp_path / "index.html").write_bytes(PAGE)
    (tmp_path / "icon.svg").write_bytes(b"<svg/>")
    (tmp_path / "ui" / "index-abc123.js").write_bytes(PROGRAM)
    (tmp_path / "ui" / "index-abc123.js.gz").write_bytes(gzip.compress(PROGRAM))
    install(memory_world.app, replace(memory_world.container, ui=read_ui(tmp_path)))
    return memory_world


@pytest.fixture
def http(world_with_ui: World) -> Callable[..., AsyncClient]:
    """Return an HTTP client without a key, as a browser is one before anybody has signed in."""
    return lambda **headers: world_with_ui.http(None, **headers)


@pytest.mark.parametrize("path", ["/", *(f"/{page}" for page in PAGES), "/rules/4711", "/notifications/a/b?x=1"])
async def test_every_page_of_the_interface_has_a_deep_link(http: Callable[..., AsyncClient], path: str) -> None:
    async with http() as browser:
        page = await browser.get(path)
        assert (page.status_code, page.content) == (200, PAGE)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.headers["cache-control"] == "no-cache"
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self';" in policy
        assert "unsafe-eval" not in policy
        assert page.headers["x-frame-options"] == "DENY"


async def test_what_is_no_page_stays_a_problem_document(http: Callable[..., AsyncClient]) -> None:
    async with http() as browser:
        for path in ("/api/v1/nothing", "/nothing", "/ui/nothing.js", "/ui/../index.html.gz", "/.vite/manifest.json"):
            refusal(await browser.get(path), 404, "not-found")
        refusal(await browser.get("/ui/%2e%2e%2f%2e%2e%2fetc%2fpasswd"), 404, "not-found")


async def test_a_browser_that_asks_for_a_page_that_is_not_there_gets_the_page_that_says_so(
    http: Callable[..., AsyncClient],
) -> None:
    async with http(Accept="text/html,application/xhtml+xml,*/*;q=0.8") as browser:
        for path in ("/nonsense", "/nonsense/deep", "/nonsense?x=1"):
            page = await browser.get(path)
            assert (page.status_code, page.content) == (404, PAGE)
            assert page.headers["content-type"] == "text/html; charset=utf-8"
            assert "script-src 'self'" in page.headers["content-security-policy"]
        refusal(await browser.get("/api/v1/nothing"), 404, "not-found")
        refusal(await browser.post("/nonsense"), 404, "not-found")
    async with http(Accept="*/*") as program:
        refusal(await program.get("/nonsense"), 404, "not-found")


async def test_files_that_are_named_after_their_content_are_kept_for_ever(http: Callable[..., AsyncClient]) -> None:
    async with http() as browser:
        program = await browser.get("/ui/index-abc123.js")
        assert program.content == PROGRAM
        assert program.headers["content-type"].startswith("text/javascript")
        assert program.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert program.headers["vary"] == "Accept-Encoding"
        assert (await browser.get("/icon.svg")).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip", "gzip"), ("br, GZIP;q=0.5", "gzip"), ("identity", None), ("gzip;q=0", None), ("gzip;q=0.0", None)],
)
async def test_a_client_gets_the_encoding_that_it_takes(
    http: Callable[..., AsyncClient], accepted: str, encoding: str | None
) -> None:
    async with http(**{"Accept-Encoding": accepted}) as browser:
        program = await browser.get("/ui/index-abc123.js")
        assert program.headers.get("content-encoding") == encoding
        assert program.content == PROGRAM


async def test_a_page_that_did_not_change_is_not_sent_again(http: Callable[..., AsyncClient]) -> None:
    async with http() as browser:
        tag = (await browser.get("/")).headers["etag"]
        again = await browser.get("/", headers={"If-None-Match": f'"other", {tag}'})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag


async def test_without_a_build_the_api_shows_its_own_page_and_says_how_to_build_one(memory_world: World) -> None:
    async with memory_world.http(None) as http:
        page = await http.get("/")
        assert page.status_code == 200
        assert "make ui" in page.text
        refusal(await http.get("/rules"), 404, "not-found")
        lost = await http.get("/rules", headers={"Accept": "text/html"})
        assert (lost.status_code, lost.content) == (404, page.content)
        refusal(await http.get("/icon.svg"), 404, "not-found")


def test_the_paths_that_the_api_knows_are_those_of_the_interface() -> None:
    routes = (CHECKOUT / "ui" / "src" / "app" / "routes.tsx").read_text(encoding="utf-8")
    paths = re.findall(r'page\("/([a-z-]+)/\*"', routes)
    assert set(paths) - {"simulation"} == set(PAGES)  # The simulation is a page of the playground alone.
