"""Where the API is answered in a session: by the application of the server on the world's own tables, at once.

The answer is worked out on a loop of its own, beside the world's: so a read schedules nothing there, and nothing can
wait for time to pass.
"""

from typing import TYPE_CHECKING, Final

from alerting_core.memory.ids import SeededIds
from alerting_core.memory.jobs import MemoryJobStore
from alerting_core.sim.dice import dice_for
from alerting_core.sim.engine import SimLoop
from alerting_playground.asgi import Answer, Request
from alerting_playground.session.jobs import run_jobs
from alerting_playground.session.world import LiveWorld

if TYPE_CHECKING:
    from alerting_api.container import Container

READS: Final = ("GET", "HEAD", "OPTIONS")


class DeskIds:
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


class Desk:
    """Answers requests."""

    def __init__(self, world: LiveWorld) -> None:
        self._world, self._loop = world, SimLoop()
        self._ids = DeskIds(world.seed)
        self._jobs = MemoryJobStore()
        self._container: Container | None = None
        world.outside(run_jobs(world, self._jobs))

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
