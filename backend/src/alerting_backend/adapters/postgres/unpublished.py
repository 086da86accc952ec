"""Changes of rules in the outbox that are still to be told."""

from collections.abc import Sequence
from typing import Final

from alerting_backend.adapters.postgres.pools import Pool, connected
from alerting_core.codec.rule import RuleAction, RuleChanged
from alerting_core.ports.outbox import OutboxRow

# By an index that holds the waiting rows alone.
_UNPUBLISHED: Final = """
SELECT change_id, rule_id, client_id, action, version, created_at
FROM outbox WHERE published_at IS NULL ORDER BY change_id LIMIT $1
"""

_MARK: Final = "UPDATE outbox SET published_at = $2 WHERE change_id = ANY ($1::bigint[]) AND published_at IS NULL"


class PgOutbox:
    """The outbox.

    Args:
        pool: Of the worker's role.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def unpublished(self, *, limit: int) -> Sequence[OutboxRow]:
        """Return the oldest changes that are not marked as published."""
        async with connected(self._pool, "unpublished") as connection:
            rows = await connection.fetch(_UNPUBLISHED, limit)
        return [
            OutboxRow(change_id, RuleChanged(rule_id, client_id, RuleAction(action), version, at_ms // 1_000))
            for change_id, rule_id, client_id, action, version, at_ms in rows
        ]

    async def mark_published(self, change_ids: Sequence[int], *, now_ms: int) -> None:
        """Note that these changes were published."""
        if not change_ids:
            return
        async with connected(self._pool, "mark_published") as connection:
            await connection.execute(_MARK, list(change_ids), now_ms)
