"""What stands between senders of alerts and those who take them: each post goes to both, the platform and the oracle.

Each sender has a door, an address of its own. A door is a network that can be cut: nobody is there any more, or
somebody is who never answers. What a post says is written down with the moments between which it was taken, so that a
test can work out what it has to come to.
"""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Any, Final

import aiohttp
from aiohttp import web

from tests.support.loop_thread import LoopThread, loop_thread
from tests.support.prometheus.server import REPLICA

PATH: Final = "/api/v2/alerts"
ANSWER_SECONDS_MAX: Final = 20.0


class Cut(Enum):
    """How a network is cut."""

    REFUSED = auto()
    """Connections end, and new ones are refused."""
    SILENT = auto()
    """Connections stand, and nothing passes."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one post says of one alert. Times are unix seconds; None where it does not say.

    Attributes:
        sender: By the name of its door.
        sent_at: Before the platform had it.
        taken_at: When the platform had answered.
    """

    sender: str
    name: str
    starts_at: float | None
    ends_at: float | None
    sent_at: float
    taken_at: float

    @property
    def fires(self) -> bool:
        """Whether it says that the alert fires."""
        return self.ends_at is None or self.ends_at > self.sent_at


class Door:
    """The address of one sender."""

    def __init__(self, name: str, tee: "Tee") -> None:
        self.name = name
        self.address = ""
        self._tee = tee
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._passes = asyncio.Event()

    def cut(self, how: Cut) -> None:
        """Let nothing pass any more."""
        self._tee.thread.call(self._cut(how))

    def mend(self) -> None:
        """Let everything pass again."""
        self._tee.thread.call(self._mend())

    async def open(self) -> None:
        """Begin to listen, on a free port."""
        app = web.Application()
        app.router.add_post(PATH, self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await self._listen(0)
        self.address = f"127.0.0.1:{self._runner.addresses[0][1]}"
        self._passes.set()

    async def close(self) -> None:
        """End."""
        self._passes.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _listen(self, port: int) -> None:
        assert self._runner is not None, "it was opened"
        self._site = web.TCPSite(self._runner, "127.0.0.1", port)
        await self._site.start()

    async def _cut(self, how: Cut) -> None:
        self._passes.clear()
        if how is Cut.REFUSED and self._site is not None:
            await self._site.stop()
            self._site = None
            self._hang_up()

    async def _mend(self) -> None:
        if self._site is None:
            await self._listen(int(self.address.rpartition(":")[2]))
        self._hang_up()
        self._passes.set()

    def _hang_up(self) -> None:
        assert self._runner is not None and self._runner.server is not None, "it was opened"
        for connection in self._runner.server.connections:
            connection.force_close()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not self._passes.is_set():
            await self._passes.wait()
            return web.Response(status=503)  # Nobody is there any more to hear it.
        return await self._tee.pass_on(self.name, body, request.headers)


@dataclass
class Tee:
    """Passes on to `targets`, of which the first is asked for the answer.

    Attributes:
        reports: What has been taken, in the order in which it was sent.
        refused: What a target did not take.
    """

    targets: Sequence[str]
    thread: LoopThread
    reports: list[Report] = field(default_factory=list[Report])
    refused: list[str] = field(default_factory=list)
    _doors: list[Door] = field(default_factory=list)
    _session: aiohttp.ClientSession | None = None

    def door(self, name: str) -> Door:
        """Open a door for one more sender."""
        return self.thread.call(self._open(name))

    async def pass_on(self, sender: str, body: bytes, headers: Any) -> web.Response:
        """Send one post to all targets at once; answer what the first one did."""
        sent_at = time.time()
        kept = {name: headers[name] for name in ("Authorization", "Content-Type") if name in headers}
        answers = await asyncio.gather(*(self._post(target, body, kept) for target in self.targets))
        self.reports += read_reports(sender, body, sent_at=sent_at, taken_at=max(at for _, _, at in answers))
        for target, (status, text, _) in zip(self.targets, answers, strict=True):
            if status != 200:
                self.refused.append(f"{target} answered {sender} {status} {text[:200]}")
        return web.Response(status=answers[0][0], text=answers[0][1], content_type="application/json")

    async def close(self) -> None:
        """Close all doors."""
        for door in self._doors:
            await door.close()
        if self._session is not None:
            await self._session.close()

    async def _open(self, name: str) -> Door:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(ANSWER_SECONDS_MAX)
            self._session = aiohttp.ClientSession(timeout=timeout, trust_env=False)
        door = Door(name, self)
        await door.open()
        self._doors.append(door)
        return door

    async def _post(self, target: str, body: bytes, headers: dict[str, str]) -> tuple[int, str, float]:
        assert self._session is not None, "a door was opened"
        async with self._session.post(target + PATH, data=body, headers=headers) as response:
            return response.status, await response.text(), time.time()


def read_reports(sender: str, body: bytes, *, sent_at: float, taken_at: float) -> Iterator[Report]:
    """Yield what a post says."""
    for alert in json.loads(body):
        assert REPLICA not in alert["labels"], "a pair sends the same labels"
        times = _seconds(alert.get("startsAt")), _seconds(alert.get("endsAt"))
        yield Report(sender, alert["labels"]["alertname"], *times, sent_at, taken_at)


def _seconds(text: str | None) -> float | None:
    # What is written in Go has the year 1 where it has no time.
    if text is None or text.startswith("0001-"):
        return None
    return datetime.fromisoformat(text).timestamp()


@contextmanager
def tee(*targets: str) -> Iterator[Tee]:
    """Yield a tee to *targets*, URLs, until the block ends."""
    with loop_thread("tee") as thread:
        made = Tee(targets, thread)
        try:
            yield made
        finally:
            thread.call(made.close())
