"""The rules as evaluators read them, straight from the tables."""

from typing import Final

from alerting_backend.adapters.postgres.pools import Pool, connected, transaction
from alerting_backend.adapters.postgres.rows import DECIDING_RULES
from alerting_core.domain.rule import Rule
from alerting_core.ports.rules import RuleChanges, RuleSnapshot

_ENABLED: Final = f"SELECT {DECIDING_RULES.columns} FROM rules WHERE enabled"

_ENABLED_OF: Final = _ENABLED + " AND client_id = ANY ($1::text[])"

_HEAD: Final = "SELECT last_change_id, trimmed_change_id FROM outbox_head"

_CHANGED: Final = "SELECT DISTINCT client_id FROM outbox WHERE change_id > $1"


class PgRuleSource:
    """Reads rules and the outbox of their changes; the version is the number of the latest change.

    Args:
        pool: Of the worker's role.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def snapshot(self) -> RuleSnapshot:
        """Return all enabled rules, as of one moment."""
        async with transaction(self._pool, "rule_snapshot", isolation="repeatable_read", readonly=True) as connection:
            last, _ = await connection.fetchrow(_HEAD) or (0, 0)
            rows = await connection.fetch(_ENABLED)
        return RuleSnapshot(last, [DECIDING_RULES.read(row) for row in rows])

    async def changes(self, since_version: int) -> RuleChanges | None:
        """Return the enabled rules of each client changed after *since_version*.

        None when those changes were trimmed, or the version is from another database or a later state of this one.
        """
        async with connected(self._pool, "rule_changes") as connection:
            last, _ = await connection.fetchrow(_HEAD) or (0, 0)
        if last == since_version:
            return RuleChanges(last, {})
        async with transaction(self._pool, "rule_changes", isolation="repeatable_read", readonly=True) as connection:
            last, trimmed = await connection.fetchrow(_HEAD) or (0, 0)
            if not trimmed <= since_version <= last:
                return None
            changed = [row[0] for row in await connection.fetch(_CHANGED, since_version)]
            rows = await connection.fetch(_ENABLED_OF, changed)
        by_client: dict[str, list[Rule]] = {client_id: [] for client_id in changed}
        for row in rows:
            rule = DECIDING_RULES.read(row)
            by_client[rule.client_id].append(rule)
        return RuleChanges(last, by_client)
