"""Endpoints for HTTP deliveries, names that lead to them, and certificates."""

import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from alerting_backend.adapters.transport.addresses import AddressPolicy
from alerting_core.domain.claim import HttpMessage

LOOPBACK = AddressPolicy.allowing(["127.0.0.1"])
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def post(url: str, **changes: object) -> HttpMessage:
    fields: dict[str, object] = {"headers": {"Content-Type": "application/json"}, "body": b'{"a":1}', **changes}
    return HttpMessage(url=url, **fields)  # type: ignore[arg-type]


def open_sockets() -> int:
    """Return how many sockets this process has open."""
    listing = Path("/proc/self/fd")
    if not listing.exists():
        pytest.skip("no /proc to count sockets in")
    return sum(path.startswith("socket:") for path in map(_link, listing.iterdir()))


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""  # The listing's own descriptor.


class ScriptedResolver(AbstractResolver):
    """Answers with the next list of addresses each time it is asked; the last one stays."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not addresses:
            raise OSError(None, "no such name")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        return


@asynccontextmanager
async def aiohttp_server(
    status: int = 200, headers: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[str, list[web.Request]]]:
    """Run a well-behaved server that keeps the requests it gets."""
    requests: list[web.Request] = []

    async def take(request: web.Request) -> web.StreamResponse:
        await request.read()
        requests.append(request)
        return web.Response(status=status, headers=headers, text="taken" if status == 200 else None)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", requests
    finally:
        await runner.cleanup()
