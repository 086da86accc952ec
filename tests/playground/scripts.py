"""Random scenarios, scripts of interventions and ways to cut time into pieces."""

import json
from random import Random
from typing import Any, Final

from alerting_playground.session.inputs import HOST_STATES, KILL_POINTS, SERVERS, TOPICS

WORKER_GROUPS: Final = ("recorder", "evaluator", "aggregator", "sender", "rule-updater")
RUN_MS: Final = 9_000


def small_settings(dice: Random) -> dict[str, Any]:
    """Return settings under which everything happens within seconds."""
    return {
        "partitions": dice.randint(1, 4),
        "clients": dice.randint(1, 6),
        "rules_per_client": dice.randint(1, 3),
        "fan_out": dice.choice([0.5, 1, 3]),
        "alerts_per_s": dice.choice([5, 40, 150]),
        "evaluators": dice.randint(1, 3),
        "aggregators": dice.randint(1, 3),
        "senders": dice.randint(1, 2),
        "endpoint_errors": dice.choice([0, 0.2]),
        "endpoint_slow": dice.choice([0, 0.05]),
        "poison_per_minute": dice.choice([0, 60]),
        "rule_distribution": dice.random() < 0.8,
    }


def script(dice: Random, *, actions: int) -> list[dict[str, Any]]:
    """Return *actions* interventions within `RUN_MS`."""
    times = sorted(dice.randrange(RUN_MS) for _ in range(actions))
    return [{"at_ms": at_ms, **action(dice)} for at_ms in times]


def action(dice: Random) -> dict[str, Any]:
    """Return something that a person might do."""
    worker, for_ms = f"{dice.choice(WORKER_GROUPS)}-1", dice.randrange(3_000)
    return dice.choice(
        [
            {"do": "kill", "worker": worker, "when": dice.choice(KILL_POINTS), "restart_ms": dice.randrange(2_000)},
            {"do": "restart", "worker": worker},
            {"do": "pause", "worker": worker, "for_ms": for_ms},
            {"do": "duplicate", "topic": dice.choice(TOPICS), "records": dice.randint(1, 30)},
            {"do": "delay", "topic": dice.choice(TOPICS), "partition": None, "for_ms": for_ms},
            {"do": "outage", "of": dice.choice(SERVERS), "for_ms": for_ms},
            {"do": "flush-redis"},
            {"do": "endpoint", "host": "hooks-1.sim", "state": dice.choice(HOST_STATES), "for_ms": for_ms},
            {"do": "clock", "machine": "node-1", "by_ms": dice.randrange(-5_000, 5_000)},
            {"do": "poison", "topic": dice.choice(TOPICS)},
            {"do": "set", "settings": {"alerts_per_s": dice.randrange(200)}},
            {"do": "set", "settings": {"aggregators": dice.randint(1, 4), "senders": dice.randint(1, 4)}},
            {"do": "request", "request": new_client(dice)},
            {"do": "request", "request": new_alert(dice)},
            {"do": "request", "request": new_rule("aurora", f"source-{dice.randrange(100)}")},
        ]
    )


def new_client(dice: Random) -> dict[str, Any]:
    """Return a request that creates a client."""
    number = dice.randrange(10**6)
    return post("/api/v1/clients", {"client_id": f"client-{number}", "name": f"Client {number}"})


def post(path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return a request with a body."""
    return {"method": "POST", "path": path, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}


def new_rule(client_id: str, source: str) -> dict[str, Any]:
    """Return a request that creates a rule."""
    rule = {"client_id": client_id, "severity": "LOW", "source": source, "name": "*"}
    return post("/api/v1/rules", rule)


def new_alert(dice: Random) -> dict[str, Any]:
    """Return a request that sends an alert."""
    return post("/api/v1/alerts", {"severity": "HIGH", "source": "api", "name": dice.choice(["timeout", "crash"])})


def cuts(dice: Random, total_ms: int) -> list[int]:
    """Return pieces that make up *total_ms*: some of no length, some long."""
    pieces: list[int] = []
    while (left := total_ms - sum(pieces)) > 0:
        pieces.append(min(left, dice.choice([0, 1, 7, 100, dice.randrange(1, 3_000)])))
    return pieces
