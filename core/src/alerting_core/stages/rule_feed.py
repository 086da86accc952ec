"""How an evaluator comes by its rules: an index that follows where they are kept."""

import asyncio
from collections.abc import Mapping

from alerting_core.errors import PortContractBroken, PortUnavailable
from alerting_core.matching.index import RuleIndex
from alerting_core.ports.clock import Clock
from alerting_core.ports.metrics import Gauge
from alerting_core.ports.rule_distribution import RuleSource
from alerting_core.stages.batch import Count


class RuleFeed:
    """An index and the version of the rules in it."""

    def __init__(self, source: RuleSource, clock: Clock) -> None:
        self.index = RuleIndex()
        self._source = source
        self._clock = clock
        self._version: int | None = None
        self._confirmed_at_ms: int | None = None

    @property
    def version(self) -> int | None:
        """The version of the rules in the index; None before the first load."""
        return self._version

    def age_ms(self) -> int | None:
        """Return how long ago the rules were last known to be current; None before the first load."""
        if self._confirmed_at_ms is None:
            return None
        return max(0, self._clock.now_ms() - self._confirmed_at_ms)

    def gauges(self) -> Mapping[Gauge, int]:
        """Return how many rules there are, and how old they may be."""
        age_ms = self.age_ms()
        age = {} if age_ms is None else {Gauge.RULES_AGE_MS: age_ms}
        return {Gauge.RULES_INDEXED: len(self.index), **age}

    async def refresh(self) -> Mapping[Count, int]:
        """Bring the index up to date; return what was done.

        Raises:
            PortUnavailable: The source is away and no rules have ever been loaded.
        """
        if self._version is None:
            return await self._reload()
        try:
            return await self._follow(self._version)
        except PortUnavailable:
            return {Count.RULE_SOURCE_AWAY: 1}

    async def _follow(self, version: int) -> Mapping[Count, int]:
        asked_at_ms = self._clock.now_ms()
        changes = await self._source.changes(version)
        if changes is None:
            return await self._reload()
        for client_id, rules in changes.by_client.items():
            self.index.replace_client(client_id, rules)
        if changes.checksum not in {None, self.index.checksum()}:
            return {Count.RULES_DIFFERED: 1, **await self._reload()}
        self._version, self._confirmed_at_ms = changes.version, asked_at_ms
        return {Count.RULE_CLIENTS_UPDATED: len(changes.by_client)} if changes.by_client else {}

    async def _reload(self) -> Mapping[Count, int]:
        asked_at_ms = self._clock.now_ms()
        snapshot = await self._source.snapshot()
        # In parts, so that a million rules do not stop the process; they count all at once, so that no alert ever meets
        # a part of them.
        for _ in self.index.loading(snapshot.rules):
            await asyncio.sleep(0)  # noqa: TID251 - it gives way, it waits for no time
        if snapshot.checksum not in {None, self.index.checksum()}:
            raise PortContractBroken("a snapshot of the rules does not have the checksum that it came with")
        self._version, self._confirmed_at_ms = snapshot.version, asked_at_ms
        return {Count.RULES_RELOADED: 1}
