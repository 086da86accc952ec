"""One session: a scenario that runs, is watched, disturbed and shared, and is asked as the API is.

Theory of operation. Whatever a person does is entered into the script with its virtual time, a whole number of
milliseconds. Everything that happens up to that time has happened before the action is done, and whatever the action
sets off at that very instant happens right after it. So the script says all: run from the beginning with the same seed
and settings it leads to the same state, however the time was cut into pieces, and however fast it passed. Reads change
nothing: they throw no dice, take no ids and schedule nothing.

Requests are answered at once, on the world's own tables, by the `ApiPort`; the generator jobs that they start run in
the world.
"""

from dataclasses import replace
from itertools import islice
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from alerting_core.generator.alerts import generate_alerts, pace_of
from alerting_core.memory import database, jobs
from alerting_core.ports import operations, stream
from alerting_core.sim import engine, faults
from alerting_playground import asgi
from alerting_playground.session import effects, inputs, limits, views
from alerting_playground.session.scenario import Intervention, Scenario
from alerting_playground.session.world import LiveWorld

if TYPE_CHECKING:
    from alerting_api.auth import Container

LOOK_MS: Final = 200
BATCH_MAX: Final = 500
AT_ONCE_MAX: Final = 4
"""Jobs that run beside each other; the others wait."""


async def run_jobs(world: LiveWorld, store: jobs.MemoryJobStore) -> None:
    """Take up waiting jobs for ever."""
    running = 0

    async def work_off(job: operations.GeneratorJob) -> None:
        nonlocal running
        await _work_off(world, store, job)
        running -= 1

    while True:
        await world.loop.pause(LOOK_MS)
        while running < AT_ONCE_MAX and (job := await store.take(now_ms=world.wall_ms("people"))):
            running += 1
            world.outside(work_off(job))


async def _work_off(world: LiveWorld, store: jobs.MemoryJobStore, job: operations.GeneratorJob) -> None:
    begun_ms, pace, sent = world.loop.now_ms(), pace_of(job.config), 0
    alerts = generate_alerts(job.config, started_at_ms=world.wall_ms("people"))
    while sent < pace.alerts_total:
        held_back = world.is_away(faults.Resource.LOG) or world.under_way() > limits.UNFINISHED_MAX
        due = 0 if held_back else min(pace.due_by(world.loop.now_ms() - begun_ms) - sent, BATCH_MAX)
        if due > 0:
            world.log.append([stream.alert_record(alert) for alert in islice(alerts, due)])
            sent += due
        if not await store.note_progress(job.job_id, sent):
            break
        if sent < pace.alerts_total:
            await world.loop.pause(max(10, min(LOOK_MS, begun_ms + pace.due_at_ms(sent) - world.loop.now_ms())))
    status = operations.JobStatus.COMPLETED if sent >= pace.alerts_total else operations.JobStatus.CANCELLED
    now_ms = world.wall_ms("people")
    await store.finish(job.job_id, status, alerts_sent=sent, error=None, now_ms=now_ms)


READS: Final = ("GET", "HEAD", "OPTIONS")


class RequestIds:
    """Ids of what is made by requests: those of one request follow from its place in the script."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._ids = database.SeededIds(0)

    def begin(self, number: int | None) -> None:
        """Give out the ids of request *number*; None for a read, which makes nothing."""
        self._ids = database.SeededIds(faults.dice_for(self._seed, f"request {number}").getrandbits(64))

    def new_uuid(self) -> str:
        """Return a fresh UUID."""
        return self._ids.new_uuid()

    def new_bytes(self, count: int) -> bytes:
        """Return *count* bytes."""
        return self._ids.new_bytes(count)


class ApiPort:
    """Answers requests."""

    def __init__(self, world: LiveWorld) -> None:
        self._world, self._loop = world, engine.SimLoop()
        self._ids = RequestIds(world.seed)
        self._jobs = jobs.MemoryJobStore()
        self._container: Container | None = None
        world.outside(run_jobs(world, self._jobs))

    def close(self) -> None:
        """Answer no more."""
        self._loop.discard()

    def is_read(self, request: asgi.Request) -> bool:
        """Whether a request only looks."""
        return request.method in READS or request.path.endswith("/preview")

    def changes(self, answered: asgi.Answer) -> bool:
        """Whether a request that was answered so may have changed something."""
        return answered.status < 400 or answered.status >= 500

    def answer(self, request: asgi.Request, *, number: int | None) -> asgi.Answer:
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


class Session:
    """A running scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self._first = scenario
        self._script = list(scenario.script)
        self._done = 0
        self.world = LiveWorld(scenario)
        self.world.start()
        self._api = ApiPort(self.world)
        # Nothing is left to begin when the first action is done, however early that is.
        self.world.run_until(0)
        self.at_ms = 0
        self._intervene()

    @property
    def scenario(self) -> Scenario:
        """The scenario with all that was done, from which the same run follows."""
        return replace(self._first, script=tuple(self._script))

    def advance(self, virtual_ms: int) -> dict[str, Any]:
        """Let *virtual_ms* pass."""
        self._run_to(min(self.at_ms + max(0, virtual_ms), limits.VIRTUAL_MS_MAX))
        return self.standing()

    def advance_to_next(self) -> dict[str, Any]:
        """Let time pass up to the next thing that happens."""
        next_at_ms = self.world.loop.next_at_ms()
        self._run_to(self.at_ms + 1 if next_at_ms is None else max(self.at_ms + 1, ceil(round(next_at_ms, 3))))
        return self.standing()

    def standing(self) -> dict[str, Any]:
        """Return how far it is, in a few numbers."""
        totals = views.show_totals(self.world)
        return {
            "at_ms": self.at_ms,
            "alerts_total": totals["alerts"],
            "deliveries_total": totals["delivered"],
            "violations": sum(self.world.broken_counts.values()),
            "is_over": self.at_ms >= limits.VIRTUAL_MS_MAX,
            "digest": self.world.digest(),
        }

    def act(self, given: object) -> dict[str, Any]:
        """Do an action now. What the script would have done later is dropped: the run is another one from here on.

        Raises:
            Refused: It cannot be done; nothing was changed.
        """
        action = inputs.read_action(given)
        if action.do == "request":
            answer = self.answer(inputs.read_request(action.given["request"]))
            return self._acted(f"answered {answer.status}", forked=False)
        self._make_room()
        detail = effects.do(self.world, action)
        return self._acted(detail, forked=self._enter(action))

    def answer(self, request: asgi.Request) -> asgi.Answer:
        """Return what the API answers, at once.

        Raises:
            Refused: The request would have to be a part of the script, which is full.
        """
        if self._api.is_read(request):
            return self._api.answer(request, number=None)
        if len(request.body) > limits.BODY_BYTES_MAX:
            raise inputs.Refused("too-many", f"a request of a simulation has at most {limits.BODY_BYTES_MAX:,} bytes")
        self._make_room()
        answer = self._api.answer(request, number=self._done)
        if self._api.changes(answer):
            self._enter(inputs.Action("request", {"request": _shown(request)}))
        self.world.run_until(self.at_ms)
        return answer

    def end(self) -> None:
        """Let go of everything."""
        self._api.close()
        self.world.end()

    def snapshot(self) -> dict[str, Any]:
        """Return all that the page shows."""
        world = self.world
        whole, stages = world.series.rates()
        return {
            "at_ms": self.at_ms,
            "wall_ms": world.wall_ms("people"),
            "seed": world.seed,
            "digest": world.digest(),
            "settings": world.settings.to_json(),
            "totals": views.show_totals(world),
            "rates": whole,
            "stages": views.show_stages(world, stages),
            "topics": views.show_topics(world),
            "workers": views.show_workers(world),
            "redis": views.show_redis(world),
            "postgres": views.show_postgres(world),
            "kafka": {"away_ms": views.away_ms(world, faults.Resource.LOG)},
            "endpoints": views.show_hosts(world),
            "machines": [{"machine": m, "skew_ms": world.skew_ms[m]} for m in world.machines],
            "movements": views.show_movements(world),
            "log": [{"n": one.number, "at_ms": one.at_ms, "text": one.text, "tone": one.tone} for one in world.lines],
            "series": world.series.shown(),
            "checks": views.show_checks(world),
            "violations": [
                {"n": one.number, "at_ms": one.at_ms, "check": one.check, "what": one.what}
                for one in reversed(world.broken)
            ],
            "script": self._shown_script(),
        }

    def _run_to(self, at_ms: int) -> None:
        """Let time pass up to *at_ms*, and do what the script says on the way."""
        while self._done < len(self._script) and self._script[self._done].at_ms <= at_ms:
            self._pass(self._script[self._done].at_ms)
            self._intervene()
        self._pass(at_ms)

    def _pass(self, at_ms: int) -> None:
        self.world.run_until(at_ms)
        self.at_ms = at_ms

    def _intervene(self) -> None:
        """Do what the script says for this instant."""
        while self._done < len(self._script) and self._script[self._done].at_ms <= self.at_ms:
            action = self._script[self._done].action
            if action.do == "request":
                self._api.answer(inputs.read_request(action.given["request"]), number=self._done)
            else:
                self._replay(action)
            self._done += 1
            self.world.run_until(self.at_ms)

    def _replay(self, action: inputs.Action) -> None:
        try:
            effects.do(self.world, action)
        except inputs.Refused as refused:
            # A script may be written by hand, or meet a platform that has changed since it was shared.
            self.world.note(f"the script cannot be followed: {refused.detail}"[:200], tone="fault")

    def _make_room(self) -> None:
        if self._done >= limits.SCRIPT_MAX:
            raise inputs.Refused("too-many", f"a scenario holds at most {limits.SCRIPT_MAX} interventions")

    def _enter(self, action: inputs.Action) -> bool:
        """Enter what was just done; return whether something that was to come was dropped for it."""
        forked = self._done < len(self._script)
        del self._script[self._done :]
        self._script.append(Intervention(self.at_ms, action))
        self._done += 1
        self.world.run_until(self.at_ms)
        return forked

    def _acted(self, detail: str, *, forked: bool) -> dict[str, Any]:
        return {"at_ms": self.at_ms, "forked": forked, "detail": detail}

    def _shown_script(self) -> list[dict[str, Any]]:
        first = max(0, min(self._done - limits.SCRIPT_SHOWN // 2, len(self._script) - limits.SCRIPT_SHOWN))
        return [
            {"at_ms": one.at_ms, "what": _in_words(one.action), "done": number < self._done}
            for number, one in enumerate(self._script[first : first + limits.SCRIPT_SHOWN], start=first)
        ]


_NOT_KEPT: Final = frozenset({"authorization", "accept", "content-length", "host", "user-agent"})
"""Headers that do not belong into a link; keys least of all."""


def _shown(request: asgi.Request) -> dict[str, Any]:
    path = f"{request.path}?{request.query}" if request.query else request.path
    shown: dict[str, Any] = {"method": request.method, "path": path}
    headers = {name: value for name, value in request.headers.items() if name.lower() not in _NOT_KEPT}
    if headers:
        shown["headers"] = headers
    if request.body:
        shown["body"] = request.body.decode(errors="replace")
    return shown


def _in_words(action: inputs.Action) -> str:
    if action.do == "request":
        request = action.given["request"]
        return f"{request['method']} {request['path']}"[:120]
    return " ".join([action.do, *(str(value)[:40] for value in action.given.values())])[:120]
