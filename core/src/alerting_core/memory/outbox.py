"""Changes of rules that are still to be told, in memory."""

from collections.abc import Sequence

from alerting_core.codec.rule import RuleAction, RuleChanged
from alerting_core.memory.database import MemoryDatabase, RuleChange
from alerting_core.ports.outbox import OutboxRow


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
