"""The rules of a database in memory, for those who spread them."""

from bisect import bisect_right
from collections.abc import Collection

from alerting_core.domain.rule import Rule
from alerting_core.memory.database import MemoryDatabase
from alerting_core.ports.rule_origin import RulesAsOf


class MemoryRuleOrigin:
    """Reads rules client by client; they are as of the latest change."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def rules_of(self, client_ids: Collection[str]) -> RulesAsOf:
        """Return the enabled rules of these clients."""
        outbox = self._database.outbox
        return RulesAsOf(outbox[-1].version if outbox else 0, {c: self._enabled(c) for c in client_ids})

    async def next_clients(self, after: str | None, *, clients_max: int) -> RulesAsOf:
        """Return the next clients, in the order of their ids."""
        client_ids = sorted(self._database.clients)
        start = 0 if after is None else bisect_right(client_ids, after)
        return await self.rules_of(client_ids[start : start + clients_max])

    def _enabled(self, client_id: str) -> list[Rule]:
        rules = map(self._database.rules.__getitem__, self._database.rules_of_client.get(client_id, {}))
        return [rule for rule in rules if rule.enabled]
