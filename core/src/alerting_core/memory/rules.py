"""The rules as evaluators read them, straight from the tables."""

from collections.abc import Sequence

from alerting_core.domain.rule import Rule
from alerting_core.memory.database import MemoryDatabase
from alerting_core.ports.rules import RuleChanges, RuleSnapshot


class MemoryRuleSource:
    """Reads rules and the outbox of their changes; the version is that of the latest change."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def snapshot(self) -> RuleSnapshot:
        """Return all enabled rules."""
        rules = [rule for rule in self._database.rules.values() if rule.enabled]
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
        return [rule for rule in map(self._database.rules.__getitem__, ids) if rule.enabled]
