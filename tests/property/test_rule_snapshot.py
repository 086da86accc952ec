"""Updaters, builders, readers and an emptied store in any order: no reader ever sees a client go back, or a part."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerting_backend.adapters.redis.connection import open_redis
from alerting_backend.adapters.redis.rule_snapshot import RedisRuleSnapshot, RedisRuleSource
from alerting_core.domain.rule import Rule
from alerting_core.errors import FencedOff, PortUnavailable
from alerting_core.memory.database import MemoryClock
from alerting_core.memory.rule_distribution import MemoryRuleSnapshot
from alerting_core.ports.rule_distribution import RulesAsOf, RuleSnapshotStore, RuleSource, SnapshotBuild
from tests.support.catalog import make_rule

CLIENTS = ("acme", "globex")

Action: TypeAlias = tuple[str, int]
"""What is done, and which of the things that it may be done with."""

WEIGHTS = {"edit": 4, "read": 4, "write": 5, "begin": 2, "scan": 2, "add": 2, "finish": 2, "follow": 4, "empty": 1}
actions = st.tuples(
    st.sampled_from([name for name, weight in WEIGHTS.items() for _ in range(weight)]), st.integers(0, 11)
)


@dataclass
class _Build:
    """A builder: what it has read and not written yet, and which clients it has written."""

    build: SnapshotBuild
    readings: list[RulesAsOf] = field(default_factory=list[RulesAsOf])
    added: set[str] = field(default_factory=set[str])

    async def add(self) -> None:
        reading = self.readings.pop(0)
        await self.build.add(reading)
        self.added.update(reading.by_client)


@dataclass
class Model:
    """The database of record as a list of states, and all who work with it, each stopped wherever it is.

    Attributes:
        states: Per client every set of rules that it ever had; no two are alike.
        readings: What updaters have read and not written yet.
        builds: All builders, also those that lost their claim.
        seen: Per client the latest state that the reader has seen.
    """

    store: RuleSnapshotStore
    source: RuleSource
    empty: Callable[[], Awaitable[object]]
    changes: int = 0
    states: dict[str, list[frozenset[Rule]]] = field(default_factory=lambda: {c: [frozenset()] for c in CLIENTS})
    readings: list[RulesAsOf] = field(default_factory=list[RulesAsOf])
    builds: list["_Build"] = field(default_factory=list["_Build"])
    version: int | None = None
    seen: dict[str, int] = field(default_factory=dict[str, int])

    def reading(self, *client_ids: str) -> RulesAsOf:
        return RulesAsOf(self.changes, {c: list(self.states[c][-1]) for c in client_ids})

    async def do(self, what: str, which: int) -> None:
        """Do one thing; what an adapter refuses is left undone, as a stage would leave it."""
        client_id = CLIENTS[which % len(CLIENTS)]
        try:
            if what == "edit":
                self.changes += 1
                # A fresh rule each time, so that a state tells when it was; some clients are left with that one alone.
                kept = self.states[client_id][-1] if which % 2 else frozenset[Rule]()
                self.states[client_id].append(kept | {make_rule(client_id)})
            elif what == "read":
                self.readings.append(self.reading(client_id))
            elif what == "write" and self.readings:
                await self.store.replace(self.readings.pop(which % len(self.readings)))
            elif what == "begin" and (build := await self.store.begin(f"builder {len(self.builds)}")):
                self.builds.append(_Build(build))
            elif what == "scan" and self.builds:
                self.builds[-1].readings.append(self.reading(*CLIENTS))
            elif what == "add" and (waiting := [build for build in self.builds if build.readings]):
                await waiting[which % len(waiting)].add()
            elif what == "finish" and (whole := [build for build in self.builds if build.added == {*CLIENTS}]):
                await whole[which % len(whole)].build.finish()
            elif what == "empty":
                await self.empty()
            elif what == "follow":
                await self.follow()
        except (FencedOff, PortUnavailable):
            return

    async def follow(self) -> None:
        """Read as an evaluator does, and see that each client is as it was at a time, and never at an earlier one."""
        told = None if self.version is None else await self.source.changes(self.version)
        if told is not None:
            found, self.version = told.by_client, told.version
        else:
            snapshot = await self.source.snapshot()
            self.version = snapshot.version
            found = {c: [rule for rule in snapshot.rules if rule.client_id == c] for c in CLIENTS}
        for client_id, rules in found.items():
            state = self.states[client_id].index(frozenset(rules))
            assert state >= self.seen.get(client_id, 0), f"{client_id} went back"
            self.seen[client_id] = state

    async def end(self) -> None:
        """Let everything come to its end: the snapshot is then what the database is."""
        await self.empty()
        build = await self.store.begin("the last")
        assert build is not None
        for client_id in CLIENTS:
            await build.add(self.reading(client_id))
        await build.finish()
        for reading in self.readings:  # Those who come very late.
            await self.store.replace(reading)
        await self.follow()
        assert {c: self.states[c][self.seen[c]] for c in CLIENTS} == {c: self.states[c][-1] for c in CLIENTS}


async def run(model: Model, schedule: list[Action]) -> None:
    """Do all of *schedule*."""
    for action in schedule:
        await model.do(*action)
    await model.end()


@given(st.lists(actions, min_size=40, max_size=120))
def test_no_order_of_events_makes_a_reader_see_an_older_state_or_a_part(schedule: list[Action]) -> None:
    snapshot = MemoryRuleSnapshot(MemoryClock(), changes_max=4)

    async def empty() -> None:
        snapshot.empty()

    asyncio.run(run(Model(snapshot, snapshot, empty), schedule))


@pytest.mark.integration
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture], max_examples=40)
@given(schedule=st.lists(actions, min_size=40, max_size=120))
def test_no_order_of_events_makes_a_reader_of_redis_see_one_either(redis_url: str, schedule: list[Action]) -> None:
    async def on_redis() -> None:
        async with open_redis(redis_url) as server:

            async def empty() -> None:
                await server.ask("test", "FLUSHDB")

            await empty()
            # A source that would leave Redis alone after a refusal would see nothing more in so short a time.
            model = Model(RedisRuleSnapshot(server, changes_max=4), RedisRuleSource(server, cool_down_ms_max=0), empty)
            await run(model, schedule)

    asyncio.run(on_redis())
