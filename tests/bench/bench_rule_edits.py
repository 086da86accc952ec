"""How long an edit takes from the API until every evaluator process matches alerts by it, and what it costs in Redis.

Everything is a process of its own, as in operation: the API, the relay, the rule updater with its reconciler, and two
evaluators, on a real Postgres, Kafka and Redis. Each edit is followed from outside, by alerts that are put into every
partition, round after round, until all are matched accordingly; so the time includes the API's answer and the last
round. Beside it: one such round when nothing is edited, and the API's answer alone.
"""

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from statistics import mean, median, quantiles
from typing import Final

import httpx
from redis.asyncio import Redis

from alerting_backend.adapters.postgres.catalog.rules import PgBulkLoader
from alerting_backend.adapters.postgres.connection import connected, open_pools
from alerting_backend.adapters.redis.scripts import RuleKeys
from alerting_core.domain.alert import Severity
from tests.bench.by_size import measure_by_size, table
from tests.bench.growing_rules import grow_rules
from tests.support.catalog import NOW_MS, make_client
from tests.support.distributed import API, DistributedPlatform, distributed, servers
from tests.support.rule_edits import open_editor
from tests.support.rule_effect import EDITS, Effect, follow_edits, rule_that_always_matches, source_of
from tests.support.rule_probe import Probe, open_probe

SIZES: Final = (28_800, 288_000)
RULES_EDITED: Final = 50
"""Each is created, changed, disabled, enabled and deleted: 250 edits, of as many clients."""

PAUSE_SECONDS: Final = 0.05
"""Mean pause between two edits, so that they meet the loops at any moment."""

IDLE_SECONDS: Final = 15.0
"""How long Redis is watched while nothing is edited: the reconciler reads a part of the snapshot every second."""

IDLE_ROUNDS: Final = 5 * RULES_EDITED


@dataclass(frozen=True, slots=True)
class Figures:
    """One size. Times in milliseconds unless the name says otherwise; bytes per edit, all evaluators together."""

    rules: int
    clients: int
    edits: int
    p50: float
    p99: float
    longest: float
    p50_of: dict[str, float]
    answer_p50: float
    round_p50: float
    round_p99: float
    round_longest: float
    bytes_written: float
    bytes_read: float
    client_bytes: float
    snapshot_bytes: int
    start_s: float


@dataclass(frozen=True, slots=True)
class Traffic:
    """What Redis has received and sent.

    Attributes:
        looks: How often the reconciler has read some clients: nobody else reads several at once.
    """

    received: float
    sent: float
    looks: float

    def since(self, before: "Traffic") -> "Traffic":
        """Return what came in between."""
        return self.less(before, 1)

    def less(self, other: "Traffic", times: float) -> "Traffic":
        """Return what is left without so many times something else."""
        return Traffic(
            self.received - times * other.received, self.sent - times * other.sent, self.looks - times * other.looks
        )

    def per(self, number: float) -> "Traffic":
        """Return a share."""
        return Traffic(self.received / number, self.sent / number, self.looks / number)

    def without_looks(self, look: "Traffic") -> "Traffic":
        """Return what is left without what the reconciler reads, given what one look costs."""
        return self.less(look, self.looks)


def measure(rules: int) -> Figures:
    """Measure with that many rules."""
    with servers() as three, distributed(three) as platform:
        client_ids = asyncio.run(_load(platform, rules))
        platform.start("rule-updater", "relay", API)
        begun = time.monotonic()
        platform.start("evaluator", "evaluator")
        start_s = time.monotonic() - begun
        return asyncio.run(_measure(platform, three.redis.url, rules, client_ids, start_s))


async def _load(platform: DistributedPlatform, count: int) -> Sequence[str]:
    dice = random.Random(1)
    rules = [replace(rule, version=1, created_at_ms=NOW_MS, updated_at_ms=NOW_MS) for rule in grow_rules(count)]
    client_ids = sorted({rule.client_id for rule in rules})
    edited = dice.sample(client_ids, RULES_EDITED)
    always = [rule_that_always_matches(client_id) for client_id in edited]
    async with open_pools(platform.database, size_max=2) as pools:
        await PgBulkLoader(pools).load([make_client(client_id) for client_id in client_ids], [*rules, *always], ())
        async with connected(pools.worker, "bench") as connection:
            await connection.execute("UPDATE outbox SET published_at = now()")  # Only the edits are to be spread.
    return edited


async def _measure(
    platform: DistributedPlatform, redis_url: str, count: int, edited: Sequence[str], start_s: float
) -> Figures:
    keys = RuleKeys(f"{platform.kafka.prefix.removesuffix('.')}:")
    async with (
        open_probe(platform.kafka) as probe,
        open_editor(platform.of(API), seed=1) as editor,
        Redis.from_url(redis_url) as redis,
    ):
        while not all(part.events("batch_committed") for part in platform.parts["evaluator"]):
            await _round(probe, edited[0])
        look, rounds_ms, by_round = await _watch_idle(redis, probe, edited[0])
        before = await _traffic(redis)
        effects = [effect async for effect in _edits(editor.http, probe, edited)]
        rounds = sum(effect.rounds for effect in effects)
        cost = (await _traffic(redis)).since(before).without_looks(look).less(by_round, rounds).per(len(effects))
        took = [effect.took_ms for effect in effects]
        return Figures(
            rules=count,
            clients=await redis.hlen(keys.snapshot),
            edits=len(effects),
            p50=median(took),
            p99=quantiles(took, n=100)[98],
            longest=max(took),
            p50_of={edit: median(one.took_ms for one in effects if one.edit == edit) for edit in EDITS},
            answer_p50=median(effect.answered_ms for effect in effects),
            round_p50=median(rounds_ms),
            round_p99=quantiles(rounds_ms, n=100)[98],
            round_longest=max(rounds_ms),
            bytes_written=cost.received,
            bytes_read=cost.sent,
            client_bytes=mean([await redis.hstrlen(keys.snapshot, client_id) for client_id in edited]),
            snapshot_bytes=await redis.memory_usage(keys.snapshot, samples=0) or 0,
            start_s=start_s,
        )


async def _edits(http: httpx.AsyncClient, probe: Probe, edited: Sequence[str]) -> AsyncIterator[Effect]:
    dice = random.Random(2)
    for number, client_id in enumerate(edited):
        async for effect in follow_edits(http, probe, client_id, number):
            yield effect
            await asyncio.sleep(dice.expovariate(1 / PAUSE_SECONDS))


async def _watch_idle(redis: Redis, probe: Probe, client_id: str) -> tuple[Traffic, list[float], Traffic]:
    """Return, while nothing is edited, the traffic of one look, the times of rounds, and the traffic of one."""
    before = await _traffic(redis)
    await asyncio.sleep(IDLE_SECONDS)
    between = await _traffic(redis)
    idle = between.since(before)
    look = idle.per(idle.looks)
    rounds_ms: list[float] = []
    dice = random.Random(3)
    for _ in range(IDLE_ROUNDS):
        started = time.monotonic()
        await _round(probe, client_id)
        rounds_ms.append((time.monotonic() - started) * 1_000)
        await asyncio.sleep(dice.expovariate(1 / PAUSE_SECONDS))
    of_rounds = (await _traffic(redis)).since(between).without_looks(look)
    return look, rounds_ms, of_rounds.per(IDLE_ROUNDS)


async def _round(probe: Probe, client_id: str) -> None:
    await probe.ask([(Severity.HIGH, source_of(client_id), "nothing is edited")], client_id)


async def _traffic(redis: Redis) -> Traffic:
    told = await redis.info("everything")
    looks = told["cmdstat_hmget"]["calls"] / 2 if "cmdstat_hmget" in told else 0
    return Traffic(told["total_net_input_bytes"], told["total_net_output_bytes"], looks)


def table_of(figures: Sequence[Figures]) -> str:
    """Return the figures for people, one column per size."""

    def of(edit: str) -> Callable[[Figures], str]:
        return lambda f: f"{f.p50_of[edit]:,.0f} ms"

    rows: tuple[tuple[str, Callable[[Figures], str]], ...] = (
        ("rules", lambda f: f"{f.rules:,}"),
        ("clients", lambda f: f"{f.clients:,}"),
        ("edits", lambda f: f"{f.edits:,}"),
        ("edit → every evaluator, p50", lambda f: f"{f.p50:,.0f} ms"),
        ("  p99", lambda f: f"{f.p99:,.0f} ms"),
        ("  longest", lambda f: f"{f.longest:,.0f} ms"),
        *((f"  {edit}, p50", of(edit)) for edit in EDITS),
        ("the API's answer alone, p50", lambda f: f"{f.answer_p50:,.0f} ms"),
        ("a round without edits, p50", lambda f: f"{f.round_p50:,.0f} ms"),
        ("  p99", lambda f: f"{f.round_p99:,.0f} ms"),
        ("  longest", lambda f: f"{f.round_longest:,.0f} ms"),
        ("bytes to Redis per edit", lambda f: f"{f.bytes_written:,.0f}"),
        ("bytes from Redis per edit", lambda f: f"{f.bytes_read:,.0f}"),
        ("the rules of one client", lambda f: f"{f.client_bytes:,.0f} B"),
        ("the whole snapshot", lambda f: f"{f.snapshot_bytes:,} B"),
        ("start of two evaluators", lambda f: f"{f.start_s:,.1f} s"),
    )
    return table(rows, figures)


def main() -> int:
    """Print the figures."""
    return measure_by_size("rule_edits", __doc__, SIZES, measure, table_of)


if __name__ == "__main__":
    sys.exit(main())
