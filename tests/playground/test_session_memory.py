"""A session can go on for as long as anybody watches: what is done is forgotten."""

from collections.abc import Iterator, Sized
from dataclasses import fields, is_dataclass
from typing import Any

from alerting_playground.session import limits
from alerting_playground.session.session import Session
from tests.playground.live import broken, checks, live

KEPT_MAX = 25_000
"""No table, book or queue holds more, however long it runs."""


def sizes(session: Session) -> dict[str, int]:
    """Return how much each part of the world holds."""
    world = session.world
    parts: dict[str, Any] = {
        "database": world.database,
        "ledger": world.ledger,
        "expectation": world.ledger._expectation,
        "poison": world.poison,
        "repeats": world.repeats,
        "movements": world.movements,
        "tallies": world.tallies,
        "arrive": world.rules_arrive,
        "whole": world.rules_whole,
        "claims": world.claims,
        "log": world.log,
        "world": world,
        "meter": world.meter,
    }
    found = {f"{name}.{key}": len(value) for name, part in parts.items() for key, value in attributes(part)}
    found["records"] = sum(len(p.records) for topic in world.log._topics.values() for p in topic)
    return found


def attributes(part: object) -> Iterator[tuple[str, Sized]]:
    names = [field.name for field in fields(part)] if is_dataclass(part) else list(vars(part))
    for name in names:
        value = getattr(part, name, None)
        if isinstance(value, Sized) and not isinstance(value, str):
            yield name, value


def test_an_endless_run_keeps_no_more_after_a_while() -> None:
    with live(alerts_per_s=400, fan_out=1, clients=10, poison_per_minute=60) as session:
        measured: list[dict[str, int]] = []
        for _ in range(3):
            for second in range(20):
                if second % 10 == 5:
                    for group in ("evaluator", "aggregator", "sender"):
                        worker = f"{group}-{1 + second // 10}"
                        session.act({"do": "kill", "worker": worker, "when": "now", "restart_ms": 100})
                session.advance(1_000)
            measured.append(sizes(session))
        grown = {
            name: (measured[1][name], now) for name, now in measured[2].items() if now > 1.3 * measured[1][name] + 60
        }
        assert grown == {}
        assert max(measured[2].values()) < KEPT_MAX
        assert session.world.tallies.created > 2 * limits.NOTIFICATIONS_KEPT
        assert broken(session) == {}


def test_sources_are_held_back_when_too_much_is_under_way() -> None:
    with live(alerts_per_s=20_000, fan_out=0.5, clients=5, senders=1) as session:
        session.act({"do": "outage", "of": "postgres", "for_ms": 60_000})
        for _ in range(12):
            session.advance(250)
        assert session.world.under_way() < 1.1 * limits.UNFINISHED_MAX + 1_000
        assert session.snapshot()["totals"]["held_back"] > 0
        assert checks(session)["lost"]["count"] == 0
