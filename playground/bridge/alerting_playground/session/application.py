"""The HTTP API of a session: the application of the server, on the world's own tables.

Importing this takes a browser about a second, most of it for FastAPI and pydantic: it is done when the page is there.
While a server of the platform is away, what needs it is refused as by the real adapters.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import cache
from itertools import count
from typing import Any, Final

from fastapi import FastAPI

from alerting_api.app import install, make_routes
from alerting_api.auth import Container, Principal
from alerting_core.app import application, dead_letters, operations
from alerting_core.domain import client, text
from alerting_core.errors import PortUnavailable
from alerting_core.memory import clients, endpoints, episodes, rules, stream
from alerting_core.memory.history import MemoryAlertLog, MemoryNotificationHistory
from alerting_core.memory.jobs import MemoryJobStore
from alerting_core.ports.clock import IdSource
from alerting_core.sim.faults import Resource
from alerting_playground import asgi
from alerting_playground.session import limits
from alerting_playground.session.world import LiveWorld

VISITOR: Final = client.ApiKey(
    key_id="00000000-0000-0000-0000-000000000000",
    client_id=None,
    name="playground",
    prefix="",
    hash=b"",
    scopes=frozenset({client.KeyScope.ADMIN}),
    created_at_ms=0,
)
"""Who calls in the browser: an operator, who may do everything."""

_AUTHORIZATION: Final = {"authorization": "Bearer visitor"}


class VisitorAuthenticator:
    """Takes everybody for the visitor: nobody is to be kept out of one's own tab. Keys that are made open nothing."""

    async def authenticate(self, token: str) -> Principal | None:
        """Return the visitor."""
        return Principal(VISITOR.key_id, VISITOR.client_id, VISITOR)

    async def note_use(self, principal: Principal) -> None:
        """Note nothing: this key is in no list."""

    def forget(self) -> None:
        """Know no key, and so forget none."""


class Guarded:
    """A port that is refused while its server is away."""

    def __init__(self, port: Any, world: LiveWorld, resource: Resource) -> None:
        self._port, self._world, self._resource = port, world, resource

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self._port, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            if self._world.is_away(self._resource):
                raise PortUnavailable(self._resource, operation=name)
            return await method(*args, **kwargs)

        return call


class PeoplesClock:
    """The clocks of those who use the API."""

    def __init__(self, world: LiveWorld) -> None:
        self._world = world

    def now_ms(self) -> int:
        """Return the present time in unix milliseconds."""
        return self._world.wall_ms("people")

    def monotonic_ms(self) -> float:
        """Return the virtual time since the beginning of the session."""
        return self._world.loop.monotonic_ms()


async def answer(container: Container, request: asgi.Request) -> asgi.Answer:
    """Return what the API answers to *request*, whoever it says that it comes from."""
    app = _application()
    install(app, container)
    headers = {name: value for name, value in request.headers.items() if name.lower() != "authorization"}
    return await asgi.ask(app, replace(request, headers={**headers, **_AUTHORIZATION}))


@cache
def _application() -> FastAPI:
    # Of all sessions, one after the other: to make its routes takes longer than hundreds of requests.
    return make_routes()


def make_container(world: LiveWorld, ids: IdSource, jobs: MemoryJobStore) -> Container:
    """Return what requests are answered from in *world*."""
    database, clock, numbers = world.database, PeoplesClock(world), count(1)

    def stored(port: Any) -> Any:
        return Guarded(port, world, Resource.STORE)

    sink: Any = Guarded(stream.MemorySink(world.log), world, Resource.LOG)
    letters: Any = Guarded(stream.MemoryDeadLetterStore(world.log), world, Resource.LOG)
    history = stored(MemoryNotificationHistory(database))
    ports = application.ApplicationPorts(
        clients=stored(clients.MemoryClientStore(database)),
        rules=stored(rules.MemoryRuleStore(database)),
        endpoints=stored(endpoints.MemoryEndpointStore(database)),
        keys=stored(clients.MemoryKeyStore(database)),
        history=history,
        alerts=stored(MemoryAlertLog(database, alerts_max=limits.ALERTS_KEPT)),
        episodes=stored(episodes.MemoryEpisodeStore(database)),
        sink=sink,
        clock=clock,
        ids=ids,
    )
    return Container(
        use=application.Application.on(ports),
        clock=clock,
        authenticator=VisitorAuthenticator(),
        idempotency=stored(clients.MemoryIdempotencyStore(database)),
        jobs=operations.GeneratorJobs(stored(jobs), clock, ids),
        dead_letters=dead_letters.DeadLetters(letters),
        dashboard=operations.Dashboard(history, world.meter, clock),
        started_at_ms=clock.now_ms(),
        new_request_id=lambda: text.derive_uuid("api request", str(world.seed), str(next(numbers))),
    )
