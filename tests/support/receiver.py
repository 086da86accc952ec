"""A receiver of webhooks like a client's own: it checks every signature with the official library, and counts.

It runs in a thread of the test's process, so that the test can go on while it answers. Each target is a path below
`url`; only targets whose secret is known are taken.
"""

import asyncio
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from tests.support.patience import ARRIVE_SECONDS_MAX

Notice: TypeAlias = tuple[str, str]
"""(target, webhook-id): what has to come once."""

START_SECONDS_MAX: Final = 10.0
BACKLOG: Final = 1_024

ARRIVALS_KEPT: Final = 10_000
"""The newest webhooks are kept whole; of all others only that they came, and how often."""

_LOOK_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True)
class Arrival:
    """One webhook with a right signature.

    Attributes:
        target: The whole URL, as the endpoint has it.
        at: On the monotonic clock.
    """

    target: str
    webhook_id: str
    body: bytes
    at: float

    @property
    def told(self) -> Notice:
        """What it tells whom."""
        return self.target, self.webhook_id


class Receiver:
    """Takes webhooks and remembers them.

    Attributes:
        url: Its address; targets are paths below.
    """

    def __init__(self) -> None:
        """Know no secrets yet."""
        self.url = ""
        self._webhooks: dict[str, Webhook] = {}
        self._arrivals: deque[Arrival] = deque(maxlen=ARRIVALS_KEPT)
        self._arrived = 0
        self._counts: Counter[Notice] = Counter()
        self._latest: dict[Notice, int] = {}
        self._first: dict[Notice, int] = {}
        self._refused: list[str] = []
        self._answers: dict[str, Callable[[float], web.Response | None]] = {}
        self._requests: Counter[str] = Counter()

    @property
    def arrivals(self) -> Sequence[Arrival]:
        """Return what has been taken last, at most `ARRIVALS_KEPT`, in the order of arrival."""
        return tuple(self._arrivals)

    @property
    def arrived(self) -> int:
        """Return how much has been taken so far."""
        return self._arrived

    @property
    def arrived_once(self) -> int:
        """Return how much of it came for the first time."""
        return len(self._counts)

    @property
    def refused(self) -> Sequence[str]:
        """Return what was wrong with each request that was not taken."""
        return tuple(self._refused)

    @property
    def told(self) -> Set[Notice]:
        """Return what came to whom, as it grows."""
        return self._counts.keys()

    def counts(self) -> Counter[Notice]:
        """Return how often each webhook-id came to each target."""
        return self._counts.copy()

    def came_before(self, one: Notice, other: Notice) -> bool:
        """Tell whether *one* came, and did not come again once *other* had come."""
        return self._latest[one] < self._first[other]

    def know_secrets(self, secrets: Mapping[str, str]) -> None:
        """Take webhooks to these targets from now on; target → `whsec_…`."""
        self._webhooks.update({urlsplit(target).path: Webhook(secret) for target, secret in secrets.items()})

    def answer(self, target: str, answer: Callable[[float], web.Response | None]) -> None:
        """Let *target* answer so: given the monotonic time, a refusal, or None to take the webhook."""
        self._answers[urlsplit(target).path] = answer

    def requests_of(self, target: str) -> int:
        """Return how many requests came to *target*, taken or not."""
        return self._requests[urlsplit(target).path]

    def wait_for(self, holds: Callable[[], bool], *, what: str, seconds_max: float = ARRIVE_SECONDS_MAX) -> None:
        """Look again and again until *holds*."""
        deadline = time.monotonic() + seconds_max
        while not holds():
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {seconds_max:g} s for {what}; {self.arrived} arrived, {self.refused[:3]}")
            time.sleep(_LOOK_SECONDS)

    async def take(self, request: web.Request) -> web.Response:
        """Answer one request: 200, 401 for a wrong signature, 404 for a target that nobody has."""
        body = await request.read()
        webhook = self._webhooks.get(request.path)
        self._requests[request.path] += 1
        refuse = self._answers.get(request.path)
        if refuse is not None and (refusal := refuse(time.monotonic())) is not None:
            return refusal
        if webhook is None:
            return self._refuse(404, f"{request.path} is nobody's target")
        try:
            webhook.verify(body, dict(request.headers), json_parse=False)
        except WebhookVerificationError as error:
            return self._refuse(401, f"{request.path}: {error}")
        arrival = Arrival(self.url + request.path, request.headers["webhook-id"], body, time.monotonic())
        self._arrivals.append(arrival)
        self._arrived += 1
        self._counts[arrival.told] += 1
        self._first.setdefault(arrival.told, self._arrived)
        self._latest[arrival.told] = self._arrived
        return web.Response(text="ok")

    def _refuse(self, status: int, why: str) -> web.Response:
        self._refused.append(why)
        return web.Response(status=status, text=why)


@contextmanager
def serve_receiver() -> Iterator[Receiver]:
    """Run a receiver on a free port of loopback until the block ends."""
    receiver = Receiver()
    loop = asyncio.new_event_loop()
    started, ended = threading.Event(), asyncio.Event()

    async def serve() -> None:
        app = web.Application()
        app.router.add_post("/{path:.*}", receiver.take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=BACKLOG)
        await site.start()
        receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        started.set()
        await ended.wait()
        await runner.cleanup()
        await asyncio.sleep(0)  # What was closed gives its socket back in the next turn of the loop.

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name="receiver", daemon=True)
    thread.start()
    if not started.wait(START_SECONDS_MAX):
        raise TimeoutError("the receiver did not start")
    try:
        yield receiver
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(START_SECONDS_MAX)
        loop.close()
