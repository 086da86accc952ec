"""Rule distribution on real servers: edits in Postgres, stages running, evaluators that follow."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from alerting_backend.adapters.postgres.catalog.clients import PgClientStore
from alerting_backend.adapters.postgres.catalog.rule_distribution import PgOutbox, PgRuleDatabase, PgRuleSource
from alerting_backend.adapters.postgres.catalog.rules import PgRuleStore
from alerting_backend.adapters.postgres.connection import Address, open_pools
from alerting_backend.adapters.redis.connection import RedisServer, open_redis
from alerting_backend.adapters.redis.rule_snapshot import RedisRuleSnapshot, RedisRuleSource
from alerting_backend.adapters.system import SystemClock
from alerting_core.domain.rule import Rule
from alerting_core.errors import PortUnavailable
from alerting_core.matching.index import RuleIndex
from alerting_core.stages.batch import BatchReport, Count
from alerting_core.stages.loop import Stage, run_steps
from alerting_core.stages.rule_feed import RuleFeed
from tests.support.catalog import make_client, make_rule
from tests.support.distribution import Distribution

LOOK_MS = 10
"""Pause of whoever waits for something, and of idle stages."""


@dataclass
class Evaluator:
    """An evaluator's rules, and what happened to them."""

    feed: RuleFeed
    counts: dict[Count, int] = field(default_factory=dict[Count, int])

    async def refresh(self) -> None:
        """Bring the rules up to date, or go on with those that there are; fresh ones wait for the first load."""
        try:
            done = await self.feed.refresh()
        except PortUnavailable:
            assert self.feed.version is None
            return
        for what, count in done.items():
            self.counts[what] = self.counts.get(what, 0) + count

    def seen(self, what: Count) -> int:
        """Return how often something happened."""
        return self.counts.get(what, 0)


class Platform:
    """All parts. `kept` are the rules that nobody edits: no evaluator may ever be without one."""

    def __init__(
        self, rules: PgRuleStore, source: PgRuleSource, server: RedisServer, distribution: Distribution
    ) -> None:
        self.rules = rules
        self.source = source
        self.server = server
        self.distribution = distribution
        self.kept: list[Rule] = []
        self.evaluators = [self.new_evaluator() for _ in range(2)]
        self.reports: list[BatchReport] = []

    def new_evaluator(self) -> Evaluator:
        """Return one that has no rules yet."""
        return Evaluator(RuleFeed(RedisRuleSource(self.server), SystemClock()))

    def check(self) -> None:
        """See that no evaluator that has rules misses one that was always there."""
        for evaluator in self.evaluators:
            if evaluator.feed.version is not None:
                assert [rule for rule in self.kept if rule.rule_id not in evaluator.feed.index] == []

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Refresh the evaluators and check them until something is so; the test's own time limit ends it."""
        while not is_so():
            for evaluator in self.evaluators:
                await evaluator.refresh()
                self.check()
            await asyncio.sleep(LOOK_MS / 1_000)

    async def until_in_step(self) -> None:
        """Wait until every evaluator has the rules that Postgres has."""
        wanted = RuleIndex((await self.source.snapshot()).rules).checksum()
        await self.until(lambda: all(one.feed.index.checksum() == wanted for one in self.evaluators))

    async def edit(self, number: int) -> None:
        """Add a rule to one client, change it and take it away again, so that a part of the edits can be seen."""
        client_id = f"client-{number % 10}"
        rule = await self.rules.create(make_rule(client_id))
        await self.rules.replace(None, replace(rule, name="crash"), expected_version=None)
        if number % 3:
            await self.rules.delete(None, rule.rule_id, expected_version=None, now_ms=rule.updated_at_ms)

    @asynccontextmanager
    async def running(self, *, reconcile: bool = True) -> AsyncIterator[None]:
        """Run the stages meanwhile."""
        parts: list[Stage] = [self.distribution.relay, self.distribution.updater]
        if reconcile:
            parts.append(self.distribution.reconciler)
        stop = asyncio.Event()
        tasks = [asyncio.create_task(self._run(part, stop)) for part in parts]
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(*tasks)

    async def _run(self, part: Stage, stop: asyncio.Event) -> None:
        await run_steps(
            part,
            clock=SystemClock(),
            stop=stop,
            on_report=self.reports.append,
            on_failure=lambda failure: None,
            idle_pause_ms=LOOK_MS,
        )


@asynccontextmanager
async def open_platform(database: Address, redis_url: str) -> AsyncIterator[Platform]:
    """Yield a platform of ten clients with three rules each, whose snapshot was built and read."""
    async with open_pools(database, size_max=6) as pools, open_redis(redis_url) as server:
        distribution = Distribution(
            PgOutbox(pools.worker), PgRuleDatabase(pools.worker), RedisRuleSnapshot(server), clients_max=4
        )
        platform = Platform(PgRuleStore(pools), PgRuleSource(pools.worker), server, distribution)
        clients = [make_client(f"client-{number}") for number in range(10)]
        platform.kept = [make_rule(client.client_id) for client in clients for _ in range(3)]
        store = PgClientStore(pools)
        for client in clients:
            await store.create(client)
        for rule in platform.kept:
            await platform.rules.create(rule)
        await distribution.reconciler.step()
        await distribution.spread()
        await platform.until_in_step()
        yield platform
