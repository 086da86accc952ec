"""Sending webhooks: our transport beside a bare client loop of the same library, in the same run.

`make bench` runs this with all others; `python -m tests.bench.bench_http_delivery --json` gives figures to programs.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Final

import aiohttp

from alerting_backend.adapters.transport.addresses import AddressPolicy
from alerting_backend.adapters.transport.http import HttpTransport
from alerting_core import limits
from alerting_core.domain.claim import HttpMessage, HttpReply
from tests.bench.endpoint import serve_endpoint
from tests.bench.measure import machine

MESSAGES: Final = 3_000
ROUNDS: Final = 5
BODY: Final = json.dumps({"name": "timeout", "context": {f"label_{n}": "value" * 5 for n in range(20)}}).encode()
HEADERS: Final = {"content-type": "application/json", "webhook-id": "ntf", "webhook-signature": "v1," + "x" * 44}

Send = Callable[[], Awaitable[None]]


async def _rate(send: Send) -> float:
    """Return messages a second, as many under way at once as one host may have."""
    left = MESSAGES

    async def worker() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await send()

    started = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(limits.HOST_CONCURRENCY_MAX)))
    return MESSAGES / (time.perf_counter() - started)


async def measure(url: str) -> dict[str, float]:
    """Measure both in turn, round by round, so that a busy moment hits both."""
    message = HttpMessage(url, HEADERS, BODY)
    bare: list[float] = []
    ours: list[float] = []
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=limits.HOST_CONCURRENCY_MAX)) as session,
        HttpTransport(AddressPolicy.allowing(["127.0.0.1"])) as transport,
    ):

        async def send_bare() -> None:
            async with session.post(url, data=BODY, headers=HEADERS) as response:
                assert await response.read() == b"ok"

        async def send_ours() -> None:
            assert await transport.send(message) == HttpReply(200, b"ok")

        for _ in range(ROUNDS):
            bare.append(await _rate(send_bare))
            ours.append(await _rate(send_ours))
    ratios = [one / other for one, other in zip(ours, bare, strict=True)]
    return {"bare_per_s": median(bare), "ours_per_s": median(ours), "ratio": median(ratios)}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    as_json = parser.parse_args().json
    with serve_endpoint() as endpoint:
        figures = asyncio.run(measure(endpoint.url))
    if as_json:
        print(json.dumps(figures))
        return 0
    print(machine())
    print(f"{MESSAGES:,} POSTs of {len(BODY):,} bytes to one host, {limits.HOST_CONCURRENCY_MAX} at once")
    print(f"  bare aiohttp loop  {figures['bare_per_s']:>8,.0f} messages/s")
    print(f"  HttpTransport      {figures['ours_per_s']:>8,.0f} messages/s   {figures['ratio']:.2f} of the bare loop")
    return 0


if __name__ == "__main__":
    sys.exit(main())
