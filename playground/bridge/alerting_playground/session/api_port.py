"""The port of the API in a session: answered at once on the world's own tables; and the jobs that it starts."""

from itertools import islice
from typing import TYPE_CHECKING, Final

from alerting_core.generator.alerts import generate_alerts, pace_of
from alerting_core.memory.database import SeededIds
from alerting_core.memory.jobs import MemoryJobStore
from alerting_core.ports.operations import GeneratorJob, JobStatus
from alerting_core.ports.stream import alert_record
from alerting_core.sim.engine import SimLoop
from alerting_core.sim.faults import Resource, dice_for
from alerting_playground.asgi import Answer, Request
from alerting_playground.session import limits
from alerting_playground.session.world import LiveWorld

if TYPE_CHECKING:
    from alerting_api.container import Container

LOOK_MS: Final = 200
BATCH_MAX: Final = 500
AT_ONCE_MAX: Final = 4
"""Jobs that run beside each other; the others wait."""


async def run_jobs(world: LiveWorld, store: MemoryJobStore) -> None:
    """Take up waiting jobs for ever."""
    running = 0

    async def work_off(job: GeneratorJob) -> None:
        nonlocal running
        await _work_off(world, store, job)
        running -= 1

    while True:
        await world.loop.pause(LOOK_MS)
        while running < AT_ONCE_MAX and (job := await store.take(now_ms=world.wall_ms("people"))):
            running += 1
            world.outside(work_off(job))


async def _work_off(world: LiveWorld, store: MemoryJobStore, job: GeneratorJob) -> None:
    begun_ms, pace, sent = world.loop.now_ms(), pace_of(job.config), 0
    alerts = generate_alerts(job.config, started_at_ms=world.wall_ms("people"))
    while sent < pace.alerts_total:
        held_back = world.is_away(Resource.LOG) or world.under_way() > limits.UNFINISHED_MAX
        due = 0 if held_back else min(pace.due_by(world.loop.now_ms() - begun_ms) - sent, BATCH_MAX)
        if due > 0:
            world.log.append([alert_record(alert) for alert in islice(alerts, due)])
            sent += due
        if not await store.note_progress(job.job_id, sent):
            break
        if sent < pace.alerts_total:
            await world.loop.pause(max(10, min(LOOK_MS, begun_ms + pace.due_at_ms(sent) - world.loop.now_ms())))
    status = JobStatus.COMPLETED if sent >= pace.alerts_total else JobStatus.CANCELLED
    now_ms = world.wall_ms("people")
    await store.finish(job.job_id, status, alerts_sent=sent, error=None, now_ms=now_ms)


READS: Final = ("GET", "HEAD", "OPTIONS")


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


class ApiPort:
    """Answers requests."""

    def __init__(self, world: LiveWorld) -> None:
        self._world, self._loop = world, SimLoop()
        self._ids = RequestIds(world.seed)
        self._jobs = MemoryJobStore()
        self._container: Container | None = None
        world.outside(run_jobs(world, self._jobs))

    def close(self) -> None:
        """Answer no more."""
        self._loop.discard()

    def is_read(self, request: Request) -> bool:
        """Whether a request only looks."""
        return request.method in READS or request.path.endswith("/preview")

    def changes(self, answered: Answer) -> bool:
        """Whether a request that was answered so may have changed something."""
        return answered.status < 400 or answered.status >= 500

    def answer(self, request: Request, *, number: int | None) -> Answer:
        """Answer *request*, which is number *number* of the script; None for a read."""
        # Not before somebody asks: a page is shown sooner than FastAPI is imported.
        from alerting_playground.session.application import answer, make_container  # noqa: PLC0415

        if self._container is None:
            self._container = make_container(self._world, self._ids, self._jobs)
        self._ids.begin(number)
        answered = self._loop.run(answer(self._container, request))
        if number is not None:
            if self.changes(answered):
                self._world.note(f"you: {request.method} {request.path[:120]}", tone="person")
            self._world.note_rules()
        return answered
