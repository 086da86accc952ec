"""How long an edited rule takes until every evaluator has it, and what that costs.

All parts run in this process, on a real Postgres and a real Redis; rule.changed is a log in memory. Evaluators look for
edits after each poll for alerts: a busy one hundreds of times a second, two idle ones as often as a poll ends without
any, which is when nobody misses the edit. Beside it: what the two servers take alone for the same edit.
"""

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from statistics import median, quantiles
from typing import Final

from alerting_backend.adapters.postgres.catalog.rule_distribution import PgOutbox, PgRuleDatabase
from alerting_backend.adapters.postgres.catalog.rules import PgBulkLoader, PgRuleStore
from alerting_backend.adapters.postgres.connection import Pools, connected, open_pools
from alerting_backend.adapters.redis.connection import RedisServer, open_redis
from alerting_backend.adapters.redis.rule_snapshot import RedisRuleSnapshot, RedisRuleSource
from alerting_backend.adapters.redis.scripts import RuleKeys
from alerting_backend.adapters.system import SystemClock
from alerting_core.domain.rule import Rule
from alerting_core.memory.database import MemoryClock
from alerting_core.memory.log import MemoryLog
from alerting_core.memory.stream import MemoryStream
from alerting_core.ports.rule_distribution import RulesAsOf
from alerting_core.ports.stream import ALERTS_NEW, Group
from alerting_core.stages.consumers import Evaluator
from alerting_core.stages.loop import Stage, run_steps
from alerting_core.stages.rule_feed import RuleFeed
from alerting_core.topology import RECONCILE_EVERY_MS, RELAY_EVERY_MS
from tests.bench.by_size import measure_by_size, table
from tests.bench.growing_rules import grow_rules
from tests.bench.rule_watch import Busy, Watch
from tests.support.catalog import NOW_MS, make_client
from tests.support.distribution import Distribution
from tests.support.postgres.cluster import Cluster
from tests.support.postgres.servers import embedded_cluster
from tests.support.servers.shared import own_redis

SIZES: Final = (28_800, 288_000)
EVALUATORS: Final = 2
EDITS: Final = 300
EDIT_SECONDS: Final = 0.05
"""Mean pause between two edits, so that they meet the loops at any moment."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One size. Latencies in milliseconds, from the commit of an edit until it is in the index."""

    rules: int
    clients: int
    busy_p50: float
    busy_p99: float
    idle_p50: float
    idle_p99: float
    idle_max: float
    edit_alone: float
    redis_alone: float
    bytes_written: float
    bytes_read: float
    snapshot_mb: float
    rebuild_s: float
    warm_start_s: float


def measure(rules: int) -> Figures:
    """Measure with that many rules."""
    with embedded_cluster() as cluster, own_redis() as process:
        return asyncio.run(_measure_on(cluster, process.url, rules))


async def _measure_on(cluster: Cluster, redis_url: str, rules: int) -> Figures:
    async with (
        cluster.database() as address,
        open_pools(address, size_max=6) as pools,
        open_redis(redis_url) as server,
    ):
        return await _measure(pools, server, rules)


async def _measure(pools: Pools, server: RedisServer, count: int) -> Figures:
    dice = random.Random(1)
    rules = [_as_stored(rule, NOW_MS + dice.randrange(10**9)) for rule in grow_rules(count)]
    client_ids = sorted({rule.client_id for rule in rules})
    await PgBulkLoader(pools).load([make_client(client_id) for client_id in client_ids], rules, ())
    async with connected(pools.worker, "bench") as connection:
        await connection.execute("UPDATE outbox SET published_at = now()")  # Only the edits are to be spread.
    snapshot = RedisRuleSnapshot(server)
    distribution = Distribution(PgOutbox(pools.worker), PgRuleDatabase(pools.worker), snapshot, clients_max=20)
    started = time.perf_counter()
    await distribution.reconciler.step()
    rebuild_s = time.perf_counter() - started
    feeds = [RuleFeed(RedisRuleSource(server), SystemClock()) for _ in range(EVALUATORS)]
    started = time.perf_counter()
    for feed in feeds:
        await feed.refresh()
    warm_start_s = (time.perf_counter() - started) / EVALUATORS
    watch = Watch(feeds)
    busy = Busy(RuleFeed(RedisRuleSource(server), SystemClock()))
    await busy.step()
    store = PgRuleStore(pools)
    edits_ms: list[float] = []
    async with _running(distribution, feeds, watch, busy):
        for number in range(EDITS):
            client_id = dice.choice(client_ids)
            rule_id = f"00000000-0000-4000-8000-{number:012d}"
            started = time.perf_counter()
            await store.create(Rule(rule_id, client_id, "HIGH", f"edited-{number}", "*", True, 1, 0, 0))
            edits_ms.append((time.perf_counter() - started) * 1_000)
            watch.committed(rule_id)
            busy.watch.committed(rule_id)
            await asyncio.sleep(dice.expovariate(1 / EDIT_SECONDS))
        await watch.until_all()
        await busy.watch.until_all()
    written, read, alone_ms = await _cost(server, snapshot, feeds[0], client_ids, pools)
    return Figures(
        rules=count,
        clients=len(client_ids),
        busy_p50=median(busy.watch.latencies_ms),
        busy_p99=quantiles(busy.watch.latencies_ms, n=100)[98],
        idle_p50=median(watch.latencies_ms),
        idle_p99=quantiles(watch.latencies_ms, n=100)[98],
        idle_max=max(watch.latencies_ms),
        edit_alone=median(edits_ms),
        redis_alone=alone_ms,
        bytes_written=written,
        bytes_read=read,
        snapshot_mb=int(await server.ask("bench", "MEMORY", "USAGE", RuleKeys().snapshot, "SAMPLES", 0)) / 2**20,
        rebuild_s=rebuild_s,
        warm_start_s=warm_start_s,
    )


def _as_stored(rule: Rule, at_ms: int) -> Rule:
    return replace(rule, version=1, created_at_ms=at_ms, updated_at_ms=at_ms)


async def _cost(
    server: RedisServer, snapshot: RedisRuleSnapshot, feed: RuleFeed, client_ids: Sequence[str], pools: Pools
) -> tuple[float, float, float]:
    """Return bytes that an edit writes, bytes that one evaluator reads for it, and the milliseconds of both."""
    written: list[int] = []
    read: list[int] = []
    taken_ms: list[float] = []
    for client_id in client_ids[:20]:
        rules = await PgRuleDatabase(pools.worker).rules_of([client_id])
        first, *others = rules.by_client[client_id]
        edited = RulesAsOf(rules.as_of, {client_id: [replace(first, name="crash"), *others]})
        begun = await _traffic(server)
        started = time.perf_counter()
        await snapshot.replace(edited)
        taken = time.perf_counter() - started
        between = await _traffic(server)
        started = time.perf_counter()
        await feed.refresh()
        taken_ms.append((time.perf_counter() - started + taken) * 1_000)
        ended = await _traffic(server)
        written.append(between[0] - begun[0])
        # The answer to the question for the figures is the same few kilobytes each time.
        read.append((ended[1] - between[1]) - (between[1] - begun[1]))
    return median(written), median(read), median(taken_ms)


async def _traffic(server: RedisServer) -> tuple[int, int]:
    """Return how many bytes Redis has received and sent."""
    told = await server.ask("bench", "INFO", "stats")
    return int(told["total_net_input_bytes"]), int(told["total_net_output_bytes"])


@asynccontextmanager
async def _running(
    distribution: Distribution, feeds: Sequence[RuleFeed], watch: Watch, busy: Busy
) -> AsyncIterator[None]:
    stop = asyncio.Event()
    alerts = MemoryLog(clock=MemoryClock())
    evaluators = [
        Evaluator(MemoryStream(alerts, topic=ALERTS_NEW, group=f"{Group.EVALUATOR}-{number}"), feed)
        for number, feed in enumerate(feeds)
    ]
    updater = replace(distribution.updater, wait_ms=500)
    parts: list[tuple[Stage, int]] = [
        (distribution.relay, RELAY_EVERY_MS),
        (updater, 0),
        (busy, 0),
        (distribution.reconciler, RECONCILE_EVERY_MS),
        *((evaluator, 0) for evaluator in evaluators),
    ]
    tasks = [
        asyncio.create_task(
            run_steps(
                part,
                clock=SystemClock(),
                stop=stop,
                on_report=watch.look,
                on_failure=lambda failure: None,
                idle_pause_ms=pause_ms,
            )
        )
        for part, pause_ms in parts
    ]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


def table_of(figures: Sequence[Figures]) -> str:
    """Return the figures for people, one column per size."""
    rows: tuple[tuple[str, Callable[[Figures], str]], ...] = (
        ("rules", lambda f: f"{f.rules:,}"),
        ("clients", lambda f: f"{f.clients:,}"),
        ("edit → busy evaluator, p50", lambda f: f"{f.busy_p50:,.0f} ms"),
        ("  p99", lambda f: f"{f.busy_p99:,.0f} ms"),
        ("edit → all idle ones, p50", lambda f: f"{f.idle_p50:,.0f} ms"),
        ("  p99", lambda f: f"{f.idle_p99:,.0f} ms"),
        ("  longest", lambda f: f"{f.idle_max:,.0f} ms"),
        ("Postgres alone, the edit", lambda f: f"{f.edit_alone:,.1f} ms"),
        ("Redis alone, write and read", lambda f: f"{f.redis_alone:,.1f} ms"),
        ("bytes written per edit", lambda f: f"{f.bytes_written:,.0f}"),
        ("bytes read per evaluator", lambda f: f"{f.bytes_read:,.0f}"),
        ("the whole snapshot", lambda f: f"{f.snapshot_mb:,.1f} MB"),
        ("built anew from Postgres", lambda f: f"{f.rebuild_s:,.2f} s"),
        ("warm start of an evaluator", lambda f: f"{f.warm_start_s:,.2f} s"),
    )
    return table(rows, figures)


def main() -> int:
    """Print the figures."""
    return measure_by_size("rule_distribution", __doc__, SIZES, measure, table_of)


if __name__ == "__main__":
    sys.exit(main())
