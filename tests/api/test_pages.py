"""The pages that the server shows by itself."""

import re

import pytest

from tests.api.world import World

LINK = re.compile(r"""(?:href|src)=["']([^"']+)["']""")


@pytest.mark.parametrize("path", ["/", "/docs"])
async def test_a_page_and_all_that_it_names_come_from_this_server(memory_world: World, path: str) -> None:
    async with memory_world.http(None) as http:
        page = await http.get(path)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        links = LINK.findall(page.text)
        assert links
        for link in links:
            assert link.startswith("/"), f"{link} is elsewhere"
            answer = await http.get(link)
            assert answer.status_code == 200, link
        assert "unsafe-eval" not in page.headers["content-security-policy"]
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert "<style" not in page.text
        assert not re.search(r"<script(?![^>]*\bsrc=)", page.text), "the policy forbids scripts within a page"


async def test_styles_and_programs_name_no_other_server(memory_world: World) -> None:
    async with memory_world.http(None) as http:
        for path in ("/assets/home.css", "/assets/home.js", "/docs/docs.css", "/docs/docs.js"):
            assert "//" not in re.sub(
                r"^\s*//.*$|http://www.w3.org", "", (await http.get(path)).text, flags=re.MULTILINE
            )


async def test_the_first_page_names_the_inbox_only_where_there_is_one(memory_world: World) -> None:
    async with memory_world.http(None) as http:
        assert "/demo/inbox" not in (await http.get("/")).text


async def test_the_documentation_goes_over_the_wire_packed(memory_world: World) -> None:
    async with memory_world.http(None) as http:
        for name in ("swagger-ui-bundle.js", "swagger-ui.css", "docs.js", "docs.css"):
            packed = await http.get(f"/docs/{name}", headers={"Accept-Encoding": "gzip"})
            plain = await http.get(f"/docs/{name}", headers={"Accept-Encoding": "identity"})
            assert packed.headers["content-encoding"] == "gzip"
            assert "content-encoding" not in plain.headers
            assert packed.content == plain.content
            assert packed.headers["vary"] == "Accept-Encoding"
            same = {"Accept-Encoding": "identity", "If-None-Match": plain.headers["etag"]}
            assert (await http.get(f"/docs/{name}", headers=same)).status_code == 304
        size = int((await http.get("/docs/swagger-ui-bundle.js")).headers["content-length"])
        assert size < 700_000
