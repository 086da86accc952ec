"""What the page shows of a world, as JSON: small, and cheap enough to be asked for many times a second.

The guarantees come first, as live checks: for each how it stands, in a number and a sentence.
"""

from typing import Any, Final

from alerting_core.delivery.hosts import host_name
from alerting_core.domain import delivery, notification
from alerting_core.ports.stream import DLQ_SUFFIX
from alerting_core.sim import faults, workers
from alerting_core.stages import batch, consumers, send, wiring
from alerting_core.topology import groups_of
from alerting_playground.session import ledger, limits, series, surroundings
from alerting_playground.session.world import LiveWorld

FRESH_MS: Final = 2_000
"""Within this time an edit of a rule is to take effect."""


def show_checks(world: LiveWorld) -> list[dict[str, Any]]:
    """Return all checks."""
    return [_lost(world), _doubled(world), _unfinished(world), _order(world), _poison(world), *_rules(world)]


def _check(
    check: str, *, broken: int, busy: int = 0, sentence: str, example: dict[str, Any] | None = None
) -> dict[str, Any]:
    status = "broken" if broken else "busy" if busy else "good"
    return {"check": check, "status": status, "count": broken or busy, "sentence": sentence, "example": example}


def _lost(world: LiveWorld) -> dict[str, Any]:
    lost, at_risk = world.ledger.lost, world.ledger.at_risk
    if lost:
        pair, risk = next(iter(lost.items()))
        sentence = f"{_many(len(lost), 'notification')} lost: the offset is committed, the work was never done."
        return _check("lost", broken=len(lost), sentence=sentence, example=_example(pair, risk))
    sentence = "Every accepted alert that matches is stored as a notification, or still ahead of an offset."
    if at_risk:
        sentence = f"{_many(len(at_risk), 'notification')} at risk: lost if the worker that holds the work died now."
    return _check("lost", broken=0, sentence=sentence) | {"at_risk": len(at_risk)}


def _example(pair: ledger.Pair, risk: ledger.AtRisk) -> dict[str, Any]:
    client_id, alert_id, _ = pair
    story = [
        {"at_ms": risk.committed_at_ms, "text": risk.what},
        {"at_ms": risk.since_ms, "text": f"{risk.process.name} died with the work in its memory"},
    ]
    what = f"{client_id} will never hear of {alert_id}"
    return {"alert_id": alert_id, "client_id": client_id, "what": what, "at_ms": risk.since_ms, "story": story}


def _doubled(world: LiveWorld) -> dict[str, Any]:
    doubled, explained = world.repeats.doubled, world.repeats.explained
    sentence = "No client has two notifications of an alert, and nobody was told twice without a reason."
    if explained:
        sentence += f" {_many(explained, 'message')} repeated after a crash or a lost answer, with the same id."
    if doubled:
        sentence = f"{_many(doubled, 'notification or message', 'notifications or messages')} doubled."
    return _check("doubled", broken=doubled, sentence=sentence)


def _unfinished(world: LiveWorld) -> dict[str, Any]:
    waiting = world.database.deliveries.open
    under_way = world.under_way() + waiting
    sentence = f"{_many(under_way, 'piece')} of work under way, {waiting:,} of them messages to be sent."
    if not under_way:
        sentence = "Nothing is under way: all that came in has ended in a recorded state."
    return _check("unfinished", broken=0, busy=under_way, sentence=sentence)


def _order(world: LiveWorld) -> dict[str, Any]:
    early = world.ledger.early
    sentence = "Every offset was committed after the work before it was done."
    if early:
        sentence = f"{_many(early, 'record')} passed by an offset before the work was done."
    return _check("order", broken=early, sentence=sentence, example=_latest(world, "order"))


def _poison(world: LiveWorld) -> dict[str, Any]:
    book = world.poison
    sentence = "No record was unreadable so far."
    if book.accounted:
        sentence = f"{_many(book.accounted, 'unreadable record')} in the dead-letter topics, each with its reason."
    if book.dropped:
        sentence = f"{_many(book.dropped, 'unreadable record')} dropped without a trace."
    example = _latest(world, "poison")
    return _check("poison", broken=book.dropped, busy=len(book.waiting), sentence=sentence, example=example)


def _rules(world: LiveWorld) -> list[dict[str, Any]]:
    behind = world.rules_arrive.behind()
    late_ms = world.loop.now_ms() - world.rules_arrive.changed_at_ms if behind else 0
    excused = (
        world.is_away(faults.Resource.SNAPSHOT)
        or world.is_away(faults.Resource.STORE)
        or world.is_away(faults.Resource.LOG)
    )
    sentence = "Every evaluator has the rules that are in force."
    if behind:
        sentence = f"{_many(len(behind), 'evaluator')} with older rules for {late_ms / 1_000:.1f} s"
        sentence += ", since a server is away; they say how old their rules are." if excused else "."
    late = len(behind) if late_ms > FRESH_MS and not excused else 0
    fresh = _check("rules-fresh", broken=0, busy=len(behind), sentence=sentence) | ({"late": late} if late else {})
    partial = world.broken_counts["whole-rules"]
    whole = "No evaluator ever had a part of a client's rules, or older ones than before."
    if partial:
        whole = f"{_many(partial, 'time')} an evaluator had rules that were never in force together."
    return [fresh, _check("rules-whole", broken=partial, sentence=whole, example=_latest(world, "whole-rules"))]


def _latest(world: LiveWorld, check: str) -> dict[str, Any] | None:
    for broken in reversed(world.broken):
        if broken.check == check:
            story = [{"at_ms": broken.at_ms, "text": broken.what}]
            return {"alert_id": None, "client_id": None, "what": broken.what, "at_ms": broken.at_ms, "story": story}
    return None


def _many(count: int, one: str, more: str | None = None) -> str:
    return f"1 {one} is" if count == 1 else f"{count:,} {more or one + 's'} are"


KILL_POINTS: Final = {
    faults.Point.BEFORE: "before-commit",
    faults.Point.BETWEEN: "between",
    faults.Point.AFTER: "after-commit",
}
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
        "delivered": tallies.deliveries[delivery.DeliveryStatus.DELIVERED],
        "dead": tallies.deliveries[delivery.DeliveryStatus.DEAD],
        "skipped": tallies.deliveries[delivery.DeliveryStatus.SKIPPED],
        "attempts": tallies.attempts,
        "dead_letters": tallies.dead_letters,
        "kills": sum(world.kills.values()),
        "held_back": world.source.held_back,
    }


def show_stages(world: LiveWorld, rates: dict[tuple[batch.StageName, str], float]) -> list[dict[str, Any]]:
    """Return each stage."""
    groups = series.worker_groups(rule_distribution=world.distributes_rules)
    return [_show_stage(world, kind, spec, rates) for kind, specs in groups.items() for spec in specs]


def _show_stage(
    world: LiveWorld,
    kind: batch.WorkerKind,
    spec: wiring.StageSpec[wiring.PlatformPorts],
    rates: dict[tuple[batch.StageName, str], float],
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
    return [_show_topic(world, topic) for topic in series.topics_of(world.stage_specs)]


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
    for kind, specs in series.worker_groups(rule_distribution=world.distributes_rules).items():
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


def _show_worker(world: LiveWorld, worker: workers.Worker) -> dict[str, Any]:
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


def _rules_of(worker: workers.Worker) -> tuple[int | None, int | None] | None:
    if not worker.is_alive:
        return None
    evaluator = worker.stages.get(batch.StageName.EVALUATOR)
    return (evaluator.rules.version, evaluator.rules.age_ms()) if isinstance(evaluator, consumers.Evaluator) else None


def _does(operation: str) -> str:
    return next((shown for begin, shown in _DOES if operation.startswith(begin)), "working" if operation else "nothing")


def show_redis(world: LiveWorld) -> dict[str, Any]:
    """Return the shared snapshot of all rules."""
    held = world.snapshot.glance()
    newest = world.database.outbox[-1].version if world.database.outbox else 0
    return {
        "is_used": world.distributes_rules,
        "away_ms": away_ms(world, faults.Resource.SNAPSHOT),
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
        "away_ms": away_ms(world, faults.Resource.STORE),
        "clients": len(database.clients),
        "rules": len(database.rules),
        "endpoints": len(database.endpoints),
        "notifications": {status.value: tallies.notifications[status] for status in notification.NotificationStatus},
        "deliveries": {status.value: tallies.deliveries[status] for status in delivery.DeliveryStatus},
        "kept": {"notifications": len(database.notifications), "alerts": len(database.alerts)},
        "outbox": len(database.outbox),
    }


def away_ms(world: LiveWorld, resource: faults.Resource) -> int:
    """Return how long an outage will last."""
    return max(0, world.away_until_ms.get(resource, 0) - world.loop.now_ms())


def show_hosts(world: LiveWorld) -> list[dict[str, Any]]:
    """Return the hosts that were told most."""
    circuits: dict[str, str] = {}
    for worker in world.workers:
        sender = worker.stages.get(batch.StageName.SENDER) if worker.is_alive else None
        if isinstance(sender, send.Sender):
            circuits.update((surroundings.shown_host(host_name(one.host)), one.state) for one in sender.circuits())
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
            "is_mail": name == surroundings.MAIL_HOST,
        }
        for name, host in busiest[: limits.HOSTS_SHOWN]
    ]


def show_movements(world: LiveWorld) -> list[dict[str, Any]]:
    """Return the last movements of records."""
    return [_movement(moved) for moved in world.movements.shown()]


def _movement(moved: dict[str, Any]) -> dict[str, Any]:
    moved["worker"] = worker_of(moved.pop("process"))
    return moved
