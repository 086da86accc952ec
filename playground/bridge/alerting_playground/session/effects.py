"""What each action of a person does to a world."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from alerting_core.ports.stream import Outgoing
from alerting_core.sim.faults import Point, Resource
from alerting_core.sim.workers import SESSION_MS_MEAN, Worker
from alerting_playground.session.inputs import Action, Refused
from alerting_playground.session.world import LiveWorld

Given = Mapping[str, Any]

_POINTS: Final = {"before-commit": Point.BEFORE, "between": Point.BETWEEN, "after-commit": Point.AFTER}
_WHERE: Final = {
    "before-commit": "between its work and its commit",
    "between": "between the outputs and the offsets of its commit",
    "after-commit": "right after its commit",
}
_RESOURCES: Final = {
    "kafka": (Resource.LOG,),
    "redis": (Resource.SNAPSHOT,),
    "postgres": (Resource.STORE, Resource.RULES),
}


def do(world: LiveWorld, action: Action) -> str:
    """Do an action, all but requests; return what was done, in words. Raises Refused."""
    done = _EFFECTS[action.do](world, action.given)
    world.note(f"you: {done}", tone="person")
    return done


def _set(world: LiveWorld, given: Given) -> str:
    world.use(replace(world.settings, **given["settings"]))
    return "set " + ", ".join(f"{name} to {str(value)[:40]}" for name, value in given["settings"].items())


def _kill(world: LiveWorld, given: Given) -> str:
    worker, when = _living(world, given["worker"]), given["when"]
    world.restarts[worker.spec.name] = None if given["restart_ms"] is None else float(given["restart_ms"])
    if when == "now":
        world.kill(worker.process, why="by you")
        return f"kill {worker.spec.name}"
    # Whatever the order of work and commit is, this is the moment between the two.
    swapped = when == "before-commit" and world.settings.commit_first
    world.kill_schedule.order(worker.process.name, Point.AFTER if swapped else _POINTS[when])
    where = "between its commit and its work" if swapped else _WHERE[when]
    return f"kill {worker.spec.name} {where}, the next time it gets there"


def _restart(world: LiveWorld, given: Given) -> str:
    worker = _worker(world, given["worker"])
    if worker.is_alive:
        world.restarts[worker.spec.name] = 0.0
        world.kill(worker.process, why="by you, to be started anew")
    else:
        worker.start()
    return f"restart {worker.spec.name}"


def _pause(world: LiveWorld, given: Given) -> str:
    worker, for_ms = _living(world, given["worker"]), given["for_ms"]
    process = worker.process
    until_ms = world.loop.now_ms() + for_ms
    world.frozen_until_ms[process.name] = until_ms
    world.repeats.excuse()

    def missed() -> None:
        if worker.is_running(process) and not process.is_dead:
            world.trace(f"{process.name} is taken for dead by its groups")
            worker.leave_groups()

    if for_ms > SESSION_MS_MEAN:
        world.loop.later(SESSION_MS_MEAN, missed)
    return f"let {worker.spec.name} stand still for {_seconds(for_ms)}"


def _duplicate(world: LiveWorld, given: Given) -> str:
    latest = world.log.tail(given["topic"], limit=given["records"])
    world.log.append([Outgoing(r.topic, r.key, r.value, r.headers) for r in reversed(latest)])
    return f"write the last {len(latest)} records of {given['topic']} once more"


def _delay(world: LiveWorld, given: Given) -> str:
    count, partition = world.settings.partitions, given["partition"]
    if partition is not None and partition >= count:
        raise Refused("bad-action", f"there are {count} partitions, counted from 0")
    for number in range(count) if partition is None else [partition]:
        world.hidden_until_ms[given["topic"], number] = world.loop.now_ms() + given["for_ms"]
    where = given["topic"] if partition is None else f"partition {partition} of {given['topic']}"
    return f"hold {where} back for {_seconds(given['for_ms'])}"


def _outage(world: LiveWorld, given: Given) -> str:
    for resource in _RESOURCES[given["of"]]:
        world.away_until_ms[resource] = world.loop.now_ms() + given["for_ms"]
    name = given["of"].capitalize()
    return f"take {name} away for {_seconds(given['for_ms'])}" if given["for_ms"] else f"bring {name} back"


def _flush(world: LiveWorld, _: Given) -> str:
    world.snapshot.empty()
    return "empty Redis (FLUSHALL)"


def _endpoint(world: LiveWorld, given: Given) -> str:
    host = world.endpoints.hosts.get(given["host"])
    if host is None:
        raise Refused("bad-action", f"nobody was told at {given['host'][:80]} yet")
    host.state, host.until_ms = given["state"], world.loop.now_ms() + given["for_ms"]
    return f"let {given['host']} be {given['state']} for {_seconds(given['for_ms'])}"


def _clock(world: LiveWorld, given: Given) -> str:
    if given["machine"] not in world.machines:
        raise Refused("bad-action", f"the machines are {', '.join(world.machines)}")
    world.set_clock(given["machine"], by_ms=given["by_ms"])
    way = "on" if given["by_ms"] > 0 else "back"
    return f"set the clock of {given['machine']} {way} by {_seconds(abs(given['by_ms']))}"


def _poison(world: LiveWorld, given: Given) -> str:
    world.source.poison(given["topic"])
    return f"write a record to {given['topic']} that nobody can read"


def _worker(world: LiveWorld, name: str) -> Worker:
    found = next((w for w in world.workers if w.spec.name == name and w.is_wanted), None)
    if found is None:
        raise Refused("bad-action", f"there is no worker {name[:80]}")
    return found


def _living(world: LiveWorld, name: str) -> Worker:
    worker = _worker(world, name)
    if not worker.is_alive:
        raise Refused("bad-action", f"{name} does not run at present")
    return worker


def _seconds(ms: int) -> str:
    return f"{ms / 1_000:g} s"


_EFFECTS: Final[Mapping[str, Callable[[LiveWorld, Given], str]]] = {
    "set": _set,
    "kill": _kill,
    "restart": _restart,
    "pause": _pause,
    "duplicate": _duplicate,
    "delay": _delay,
    "outage": _outage,
    "flush-redis": _flush,
    "endpoint": _endpoint,
    "clock": _clock,
    "poison": _poison,
}
