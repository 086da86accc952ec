"""The port of the API in a session: answered by the platform's use cases on the world's own tables, at once.

The answer is worked out on a loop of its own, beside the world's: so a read schedules nothing there, and nothing can
wait for time to pass. While a server is away, what needs it is refused as by the real adapters.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from alerting_core.app.application import Application, ApplicationPorts
from alerting_core.app.dashboard import Dashboard
from alerting_core.app.dead_letters import Letters
from alerting_core.app.jobs import GeneratorJobs
from alerting_core.errors import PortUnavailable
from alerting_core.memory.alerts import MemoryAlertLog
from alerting_core.memory.catalog.clients import MemoryClientStore
from alerting_core.memory.catalog.endpoints import MemoryEndpointStore
from alerting_core.memory.catalog.keys import MemoryKeyStore
from alerting_core.memory.catalog.rules import MemoryRuleStore
from alerting_core.memory.dead_letters import MemoryDeadLetters
from alerting_core.memory.idempotency import MemoryIdempotencyStore
from alerting_core.memory.ids import SeededIds
from alerting_core.memory.jobs import MemoryJobStore
from alerting_core.memory.journal import MemoryJournal
from alerting_core.memory.stream import MemorySink
from alerting_core.sim.dice import dice_for
from alerting_core.sim.engine import SimLoop
from alerting_core.sim.faults import Resource
from alerting_playground.http.message import Answer, Request
from alerting_playground.http.parts import Parts
from alerting_playground.http.router import answer
from alerting_playground.session import limits
from alerting_playground.session.jobs import run_jobs
from alerting_playground.session.world import LiveWorld

READS: Final = ("GET", "HEAD", "OPTIONS")


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


class RequestIds:
    """Ids of what is made by requests: those of one request follow from its place in the script."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._ids = SeededIds(0)

    def begin(self, number: int | None) -> None:
        """Give out the ids of request *number*; None for a read, which makes nothing."""
        self._ids = SeededIds(dice_for(self._seed, f"request {number}").getrandbits(64))

    def new_uuid(self) -> str:
        """Return a fresh UUID."""
        return self._ids.new_uuid()

    def new_bytes(self, count: int) -> bytes:
        """Return *count* bytes."""
        return self._ids.new_bytes(count)


class PeoplesClock:
    """The clock on the wall of those who use the API."""

    def __init__(self, world: LiveWorld) -> None:
        self._world = world

    def now_ms(self) -> int:
        """Return the present time in unix milliseconds."""
        return self._world.wall_ms("people")

    def monotonic_ms(self) -> float:
        """Return the virtual time since the beginning of the session."""
        return self._world.loop.monotonic_ms()


class ApiPort:
    """Answers requests."""

    def __init__(self, world: LiveWorld) -> None:
        self._world, self._loop = world, SimLoop()
        self._ids = RequestIds(world.seed)
        jobs = MemoryJobStore()
        self._parts = _parts(world, self._ids, jobs)
        world.outside(run_jobs(world, jobs))

    def close(self) -> None:
        """Answer no more."""
        self._loop.bury()

    def is_read(self, request: Request) -> bool:
        """Whether a request only looks."""
        return request.method in READS or request.path.endswith("/preview")

    def changes(self, answered: Answer) -> bool:
        """Whether a request that was answered so may have changed something."""
        return answered.status < 400 or answered.status >= 500

    def answer(self, request: Request, *, number: int | None) -> Answer:
        """Answer *request*, which is number *number* of the script; None for a read."""
        self._ids.begin(number)
        answered = self._loop.run(answer(self._parts, request))
        if number is not None:
            if self.changes(answered):
                self._world.note(f"you: {request.method} {request.path[:120]}", tone="person")
            self._world.note_rules()
        return answered


def _parts(world: LiveWorld, ids: RequestIds, jobs: MemoryJobStore) -> Parts:
    database, clock = world.database, PeoplesClock(world)

    def stored(port: Any) -> Any:
        return Guarded(port, world, Resource.STORE)

    sink: Any = Guarded(MemorySink(world.log), world, Resource.LOG)
    letters: Any = Guarded(MemoryDeadLetters(world.log), world, Resource.LOG)
    journal = stored(MemoryJournal(database))
    ports = ApplicationPorts(
        clients=stored(MemoryClientStore(database)),
        rules=stored(MemoryRuleStore(database)),
        endpoints=stored(MemoryEndpointStore(database)),
        keys=stored(MemoryKeyStore(database)),
        journal=journal,
        alerts=stored(MemoryAlertLog(database, alerts_max=limits.ALERTS_KEPT)),
        sink=sink,
        clock=clock,
        ids=ids,
    )
    return Parts(
        use=Application.on(ports),
        clock=clock,
        idempotency=stored(MemoryIdempotencyStore()),
        jobs=GeneratorJobs(stored(jobs), clock, ids),
        dead_letters=Letters(letters),
        dashboard=Dashboard(journal, world.meter, clock),
    )
