"""One session: a scenario that runs, is watched, disturbed and shared.

Theory of operation. Whatever a person does is entered into the script with its virtual time, a whole number of
milliseconds. Everything that happens up to that time has happened before the deed is done, and whatever the deed sets
off at that very instant happens right after it. So the script says all: run from the beginning with the same seed and
settings it leads to the same state, however the time was cut into pieces, and however fast it passed. Reads change
nothing: they throw no dice, take no ids and schedule nothing.
"""

from dataclasses import replace
from math import ceil
from typing import Any

from alerting_core.sim.gate import Resource
from alerting_playground.asgi import Answer, Request
from alerting_playground.session import limits, views
from alerting_playground.session.actions import Action, read_action, read_request
from alerting_playground.session.checks import show_checks
from alerting_playground.session.deeds import do
from alerting_playground.session.desk import Desk
from alerting_playground.session.errors import Refused
from alerting_playground.session.scenario import Intervention, Scenario
from alerting_playground.session.world import LiveWorld


class Session:
    """A running scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self._first = scenario
        self._script = list(scenario.script)
        self._done = 0
        self.world = LiveWorld(scenario)
        self.world.start()
        self._desk = Desk(self.world)
        # Nothing is left to begin when the first deed is done, however early that is.
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
        """Do a deed now. What the script would have done later is dropped: the run is another one from here on.

        Raises:
            Refused: It cannot be done; nothing was changed.
        """
        action = read_action(given)
        if action.do == "request":
            answer = self.answer(read_request(action.given["request"]))
            return self._acted(f"answered {answer.status}", forked=False)
        self._make_room()
        detail = do(self.world, action)
        return self._acted(detail, forked=self._enter(action))

    def answer(self, request: Request) -> Answer:
        """Return what the API answers, at once.

        Raises:
            Refused: The request would have to be a part of the script, which is full.
        """
        if self._desk.is_read(request):
            return self._desk.answer(request, number=None)
        if len(request.body) > limits.BODY_BYTES_MAX:
            raise Refused("too-many", f"a request of a simulation has at most {limits.BODY_BYTES_MAX:,} bytes")
        self._make_room()
        answer = self._desk.answer(request, number=self._done)
        if self._desk.changes(answer):
            self._enter(Action("request", {"request": _shown(request)}))
        self.world.run_until(self.at_ms)
        return answer

    def end(self) -> None:
        """Let go of everything."""
        self._desk.close()
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
            "kafka": {"away_ms": views.away_ms(world, Resource.LOG)},
            "endpoints": views.show_hosts(world),
            "machines": [{"machine": m, "skew_ms": world.skew_ms[m]} for m in world.machines],
            "movements": views.show_movements(world),
            "log": [{"n": one.number, "at_ms": one.at_ms, "text": one.text, "tone": one.tone} for one in world.lines],
            "series": world.series.shown(),
            "checks": show_checks(world),
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
                self._desk.answer(read_request(action.given["request"]), number=self._done)
            else:
                self._replay(action)
            self._done += 1
            self.world.run_until(self.at_ms)

    def _replay(self, action: Action) -> None:
        try:
            do(self.world, action)
        except Refused as refused:
            # A script may be written by hand, or meet a platform that has changed since it was shared.
            self.world.note(f"the script cannot be followed: {refused.detail}"[:200], tone="fault")

    def _make_room(self) -> None:
        if self._done >= limits.SCRIPT_MAX:
            raise Refused("too-many", f"a scenario holds at most {limits.SCRIPT_MAX} interventions")

    def _enter(self, action: Action) -> bool:
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


def _shown(request: Request) -> dict[str, Any]:
    path = f"{request.path}?{request.query}" if request.query else request.path
    shown: dict[str, Any] = {"method": request.method, "path": path}
    headers = {name: value for name, value in request.headers.items() if name.lower() not in _NOT_KEPT}
    if headers:
        shown["headers"] = headers
    if request.body:
        shown["body"] = request.body.decode(errors="replace")
    return shown


_NOT_KEPT = {"authorization", "accept", "content-length", "host", "user-agent"}
"""Headers that do not belong into a link; keys least of all."""


def _in_words(action: Action) -> str:
    if action.do == "request":
        request = action.given["request"]
        return f"{request['method']} {request['path']}"[:120]
    return " ".join([action.do, *(str(value)[:40] for value in action.given.values())])[:120]
