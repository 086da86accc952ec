"""What the page shows of a world, as JSON: small, and cheap enough to be asked for many times a second."""

from typing import Any, Final

from alerting_core.delivery.hosts import host_name
from alerting_core.domain.notification import DeliveryStatus, NotificationStatus
from alerting_core.ports.stream import DLQ_SUFFIX
from alerting_core.sim.faults import Point, Resource
from alerting_core.sim.workers import Worker
from alerting_core.stages.batch import StageName, WorkerKind
from alerting_core.stages.evaluate import Evaluator
from alerting_core.stages.send import Sender
from alerting_core.stages.wiring import PlatformPorts, StageSpec
from alerting_core.topology import groups_of
from alerting_playground.session import limits
from alerting_playground.session.series import topics_of, worker_groups
from alerting_playground.session.surroundings import MAIL_HOST, shown_host
from alerting_playground.session.world import LiveWorld

KILL_POINTS: Final = {Point.BEFORE: "before-commit", Point.BETWEEN: "between", Point.AFTER: "after-commit"}
_DOES: Final = (("poll", "polling"), ("commit", "committing"), ("send", "sending"))


def worker_of(process_name: str | None) -> str | None:
    """Return the worker whose process this is: `aggregator-1` of `aggregator-1.3`."""
    return None if process_name is None else process_name.rpartition(".")[0] or process_name


def show_totals(world: LiveWorld) -> dict[str, Any]:
    """Return the sums since the beginning."""
    tallies = world.tallies
    return {
        "alerts": tallies.alerts,
        "matches": tallies.matches,
        "notifications": tallies.created,
        "delivered": tallies.deliveries[DeliveryStatus.DELIVERED],
        "dead": tallies.deliveries[DeliveryStatus.DEAD],
        "skipped": tallies.deliveries[DeliveryStatus.SKIPPED],
        "attempts": tallies.attempts,
        "dead_letters": tallies.dead_letters,
        "kills": sum(world.kills.values()),
        "held_back": world.source.held_back,
    }


def show_stages(world: LiveWorld, rates: dict[tuple[StageName, str], float]) -> list[dict[str, Any]]:
    """Return each stage."""
    groups = worker_groups(rule_distribution=world.distributes_rules)
    return [_show_stage(world, kind, spec, rates) for kind, specs in groups.items() for spec in specs]


def _show_stage(
    world: LiveWorld, kind: WorkerKind, spec: StageSpec[PlatformPorts], rates: dict[tuple[StageName, str], float]
) -> dict[str, Any]:
    return {
        "stage": spec.name.value,
        "worker_group": kind.value,
        "topic": spec.topic,
        "group": spec.group,
        "lag": 0 if spec.group is None or spec.topic is None else world.lag(spec.group, spec.topic),
        "in_total": world.done[spec.name, "in"],
        "out_total": world.done[spec.name, "out"],
        "in_per_s": rates.get((spec.name, "in"), 0.0),
        "out_per_s": rates.get((spec.name, "out"), 0.0),
        "failures": world.done[spec.name, "failed"],
    }


def show_topics(world: LiveWorld) -> list[dict[str, Any]]:
    """Return each topic with its partitions and how far the groups have come."""
    return [_show_topic(world, topic) for topic in topics_of(world.stage_specs)]


def _show_topic(world: LiveWorld, topic: str) -> dict[str, Any]:
    log, now_ms = world.log, world.loop.now_ms()
    ends = log.end_offsets(topic)
    partitions = [
        {
            "partition": number,
            "end": end,
            "delayed_ms": max(0, world.hidden_until_ms.get((topic, number), 0) - now_ms),
        }
        for number, end in enumerate(ends)
    ]
    groups: list[dict[str, Any]] = []
    for kind, specs in worker_groups(rule_distribution=world.distributes_rules).items():
        for group, read in groups_of(specs).items():
            if read == topic:
                committed = list(log.committed(group, topic).values())
                owners = [worker_of(owner) for owner in log.owners(group, topic)]
                lag = sum(ends) - sum(committed)
                groups.append(
                    {"group": group, "worker_group": kind.value, "committed": committed, "owners": owners, "lag": lag}
                )
    dead = sum(log.end_offsets(topic + DLQ_SUFFIX)) if topic + DLQ_SUFFIX in log.topics() else 0
    return {"topic": topic, "partitions": partitions, "groups": groups, "dead_letters": dead}


def show_workers(world: LiveWorld) -> list[dict[str, Any]]:
    """Return those workers that there are to be, and those that still live."""
    return [_show_worker(world, worker) for worker in world.workers if worker.is_wanted or worker.is_alive]


def _show_worker(world: LiveWorld, worker: Worker) -> dict[str, Any]:
    name, now_ms = worker.spec.name, world.loop.now_ms()
    process = worker.process if worker.incarnation else None
    frozen = process is not None and world.frozen_until_ms.get(process.name, 0) > now_ms
    owned: dict[str, list[int]] = {}
    if process is not None:
        for group, topic in groups_of(worker.spec.stages).items():
            owned[topic] = list(world.log.owned(group, topic, process.name))
    state = "dead"
    if worker.is_alive:
        state = "paused" if frozen else "stopping" if worker.stop.is_set() else "running"
    kill_at = None if process is None else world.kill_schedule.ordered(process.name)
    restart_in_ms = world.restart_at_ms.get(name, 0.0) - now_ms
    rules = _rules_of(worker)
    return {
        "worker": name,
        "worker_group": name.rpartition("-")[0],
        "machine": worker.spec.machine,
        "process": None if process is None else process.name,
        "state": state,
        "restart_in_ms": round(restart_in_ms) if state == "dead" and restart_in_ms > 0 else None,
        "pending_kill": None if kill_at is None else KILL_POINTS[kill_at],
        "does": _does(process.does) if process is not None and state == "running" else "nothing",
        "partitions": owned,
        "batch": 0 if process is None or state == "dead" else world.movements.in_hand.get(process.name, 0),
        "rules_version": None if rules is None else rules[0],
        "rules_age_ms": None if rules is None else rules[1],
        "kills": world.kills[name],
    }


def _rules_of(worker: Worker) -> tuple[int | None, int | None] | None:
    if not worker.is_alive:
        return None
    evaluator = worker.stages.get(StageName.EVALUATOR)
    return (evaluator.rules.version, evaluator.rules.age_ms()) if isinstance(evaluator, Evaluator) else None


def _does(operation: str) -> str:
    return next((shown for begin, shown in _DOES if operation.startswith(begin)), "working" if operation else "nothing")


def show_redis(world: LiveWorld) -> dict[str, Any]:
    """Return the shared snapshot of all rules."""
    held = world.snapshot.glance()
    newest = world.database.outbox[-1].version if world.database.outbox else 0
    return {
        "is_used": world.distributes_rules,
        "away_ms": away_ms(world, Resource.SNAPSHOT),
        "present": held is not None,
        "epoch": None if held is None else held.epoch,
        "version": None if held is None else held.version,
        "clients": 0 if held is None else held.clients,
        "rules": 0 if held is None else held.rules,
        "checksum": None if held is None else held.checksum,
        "newest_change": newest,
        "unpublished": newest - len(world.database.outbox_published) if world.distributes_rules else 0,
        "evaluators_behind": [worker_of(name) for name in world.rules_arrive.behind()],
    }


def show_postgres(world: LiveWorld) -> dict[str, Any]:
    """Return the rows by status: also of those that are forgotten by now."""
    database, tallies = world.database, world.tallies
    return {
        "away_ms": away_ms(world, Resource.STORE),
        "clients": len(database.clients),
        "rules": len(database.rules),
        "endpoints": len(database.endpoints),
        "notifications": {status.value: tallies.notifications[status] for status in NotificationStatus},
        "deliveries": {status.value: tallies.deliveries[status] for status in DeliveryStatus},
        "kept": {"notifications": len(database.notifications), "alerts": len(database.alerts)},
        "outbox": len(database.outbox),
    }


def away_ms(world: LiveWorld, resource: Resource) -> int:
    """Return how long an outage will last."""
    return max(0, world.away_until_ms.get(resource, 0) - world.loop.now_ms())


def show_hosts(world: LiveWorld) -> list[dict[str, Any]]:
    """Return the hosts that were told most."""
    circuits: dict[str, str] = {}
    for worker in world.workers:
        sender = worker.stages.get(StageName.SENDER) if worker.is_alive else None
        if isinstance(sender, Sender):
            circuits.update((shown_host(host_name(one.host)), one.state) for one in sender.circuits())
    now_ms = world.loop.now_ms()
    busiest = sorted(world.endpoints.hosts.items(), key=lambda item: (-item[1].arrivals, item[0]))
    return [
        {
            "host": name,
            "state": host.state if now_ms < host.until_ms else "well",
            "for_ms": max(0, host.until_ms - now_ms),
            "arrivals": host.arrivals,
            "accepted": host.accepted,
            "refused": host.refused,
            "circuit": circuits.get(name, "closed"),
            "is_mail": name == MAIL_HOST,
        }
        for name, host in busiest[: limits.HOSTS_SHOWN]
    ]


def show_movements(world: LiveWorld) -> list[dict[str, Any]]:
    """Return the last movements of records."""
    return [_movement(moved) for moved in world.movements.shown()]


def _movement(moved: dict[str, Any]) -> dict[str, Any]:
    moved["worker"] = worker_of(moved.pop("process"))
    return moved
