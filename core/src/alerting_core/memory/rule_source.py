"""Rules as evaluators and rule updaters read them from the tables in memory, and the outbox of their changes."""

from bisect import bisect_right
from collections.abc import Collection, Sequence

from alerting_core.codec.records import RuleAction, RuleChanged
from alerting_core.domain.rule import Rule, deciding
from alerting_core.memory.database import MemoryDatabase, RuleChange
from alerting_core.ports.rule_distribution import OutboxRow, RuleChanges, RulesAsOf, RuleSnapshot


class MemoryRuleSource:
    """Reads rules and the outbox of their changes; the version is that of the latest change."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def snapshot(self) -> RuleSnapshot:
        """Return all enabled rules."""
        rules = [deciding(rule) for rule in self._database.rules.values() if rule.enabled]
        return RuleSnapshot(self._version(), rules)

    async def changes(self, since_version: int) -> RuleChanges | None:
        """Return the enabled rules of each client changed after *since_version*; None for a version not known here."""
        outbox = self._database.outbox
        first_version = outbox[0].version if outbox else 1
        if not first_version - 1 <= since_version <= self._version():
            return None
        changed = {change.client_id: None for change in outbox[since_version - first_version + 1 :]}
        return RuleChanges(self._version(), {client_id: self._enabled(client_id) for client_id in changed})

    def _version(self) -> int:
        return self._database.outbox[-1].version if self._database.outbox else 0

    def _enabled(self, client_id: str) -> Sequence[Rule]:
        ids = self._database.rules_of_client.get(client_id, {})
        return [deciding(rule) for rule in map(self._database.rules.__getitem__, ids) if rule.enabled]


class MemoryRuleDatabase:
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
        return [deciding(rule) for rule in rules if rule.enabled]


class MemoryOutbox:
    """The outbox of a database in memory."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def unpublished(self, *, limit: int) -> Sequence[OutboxRow]:
        """Return the oldest changes that are not marked as published."""
        marked = self._database.outbox_published
        waiting = [change for change in self._database.outbox if change.version not in marked]
        return [OutboxRow(change.version, _message(change)) for change in waiting[:limit]]

    async def mark_published(self, change_ids: Sequence[int], *, now_ms: int) -> None:
        """Note that these changes were published."""
        kept = {change.version for change in self._database.outbox}
        marked = self._database.outbox_published
        marked.update(change_ids)
        marked &= kept


def _message(change: RuleChange) -> RuleChanged:
    return RuleChanged(
        change.rule_id,
        change.client_id,
        RuleAction(change.action),
        change.rule_version,
        change.rule_updated_at_ms // 1_000,
    )
