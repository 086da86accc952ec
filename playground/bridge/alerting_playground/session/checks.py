"""The guarantees as live checks: for each how it stands, in a number and a sentence."""

from typing import Any, Final

from alerting_core.sim.faults import Resource
from alerting_playground.session.ledger import AtRisk, Pair
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


def _example(pair: Pair, risk: AtRisk) -> dict[str, Any]:
    client_id, alert_id = pair
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
    excused = world.is_away(Resource.SNAPSHOT) or world.is_away(Resource.STORE) or world.is_away(Resource.LOG)
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
