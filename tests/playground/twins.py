"""Two equal worlds: one answers through the server's application, the other through the browser's bridge.

Whatever is asked of them is asked of both, and must be answered alike: status, headers, and the body byte by byte.
"""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from httpx import AsyncClient, Response

from alerting_core.memory.clock import MemoryClock
from alerting_playground.asgi import Request
from alerting_playground.http.parts import Parts
from alerting_playground.http.router import answer
from tests.api.backing_memory import MemoryBacking
from tests.api.operations import Operation
from tests.api.stage import set_up
from tests.api.world import START_MS, World, make_world

COMPARED_HEADERS: Final = (
    *("content-type", "location", "etag", "allow", "retry-after"),
    *("idempotency-replayed", "x-request-id", "connection"),
)


@dataclass(frozen=True)
class Twins:
    """A world behind the server's application, and its twin behind the bridge.

    Attributes:
        ids: Of what is there in both, by the name of the path's parameter.
    """

    server: World
    browser: World
    parts: Parts
    http: AsyncClient
    ids: Mapping[str, str]

    async def ask(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Ask both, compare, and return the server's answer."""
        request_id = {"X-Request-Id": "asked-of-both"}
        request = self.http.build_request(
            method, url, json=json, content=content, headers=_latin_1({**request_id, **(headers or {})})
        )
        path, _, query = request.url.raw_path.decode().partition("?")
        sent = {name: value for name, value in request.headers.items() if name != "authorization"}
        bridged = await answer(self.parts, Request(method, path, query, sent, request.content))
        served = await self.http.send(request)
        assert seen(bridged.status, bridged.headers, bridged.body) == seen(
            served.status_code, served.headers, served.content
        ), f"{method} {url}"
        return served

    async def call(self, operation: Operation, *, query: str = "", **arguments: Any) -> Response:
        """Ask both for *operation* on what is there."""
        if operation.body_schema is not None and not {"json", "content"} & arguments.keys():
            arguments["json"] = operation.valid_body
        return await self.ask(operation.method, operation.url(self.ids) + (f"?{query}" if query else ""), **arguments)

    async def compare_all_that_is_stored(self) -> None:
        """Check that the worlds are still equal."""
        one, other = await self.server.footprint(), await self.browser.footprint()
        differing = [name for name in one if one[name] != other[name]]
        assert differing == [], f"{differing} hold something else"

    def advance(self, ms: int) -> None:
        """Let time pass in both."""
        self.server.clock.advance(ms)
        self.browser.clock.advance(ms)


def _latin_1(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Return *headers* as they go over the wire."""
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]


def seen(status: int, headers: Mapping[str, str], body: bytes) -> tuple[int, Mapping[str, str], bytes]:
    """Return what must be equal of an answer."""
    compared = {name: headers[name] for name in COMPARED_HEADERS if name in headers}
    if not body:
        compared.pop("content-type", None)  # Of nothing.
    if b'"not-json"' in body:
        # Where and why a text stops being JSON each parser says in its own words.
        problem = json.loads(body)
        for one in problem["problems"]:
            one["detail"] = ""
        body = json.dumps(problem).encode()
    return status, compared, without_uses(body)


def without_uses(body: bytes) -> bytes:
    """Return an answer without when keys were last used: in the browser a key opens nothing, and is never used."""
    return re.sub(rb'"last_used_at":"[^"]+"', b'"last_used_at":null', body)


@asynccontextmanager
async def twins() -> AsyncIterator[Twins]:
    """Yield equal worlds with one of everything in each."""
    browser = await make_world(MemoryBacking(MemoryClock(START_MS)))
    async with set_up(browser):
        pass
    # One application serves all worlds, one after the other: from here on it serves this one.
    server = await make_world(MemoryBacking(MemoryClock(START_MS)))
    async with set_up(server) as stage:
        yield Twins(server, browser, await parts_of(browser), stage.http, stage.ids)


async def parts_of(world: World) -> Parts:
    """Return what the bridge answers from in *world*, called by the key that the tests have."""
    container = world.container
    (caller,) = [key for key in await container.keys.operators() if key.name == "given admin key"]
    return Parts(
        use=container.use,
        clock=container.clock,
        idempotency=container.idempotency,
        jobs=container.jobs,
        dead_letters=container.dead_letters,
        dashboard=container.dashboard,
        caller=caller,
    )
