"""How rules get from the tables to the evaluators: the outbox of changes, the database of record."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from alerting_backend.adapters.postgres.connection import Connection, Pool, connected, transaction
from alerting_backend.adapters.postgres.rows import DECIDING_RULES
from alerting_core.codec.records import RuleAction, RuleChanged
from alerting_core.domain.rule import Rule
from alerting_core.ports.rule_distribution import OutboxRow, RuleChanges, RulesAsOf, RuleSnapshot

# The row of outbox_head stays locked until the transaction ends: whoever appends next gets higher numbers, and its
# changes become visible later. A reader who sees change N therefore sees all below N.
_APPEND = """
WITH head AS (
    UPDATE outbox_head SET last_change_id = last_change_id + cardinality($1::text[]) RETURNING last_change_id AS last
)
INSERT INTO outbox (change_id, client_id, rule_id, action, version, created_at)
SELECT head.last - cardinality($1::text[]) + c.place, c.client_id, c.rule_id, c.action, c.version, $5
FROM head, unnest($1::text[], $2::uuid[], $3::smallint[], $4::integer[])
    WITH ORDINALITY AS c (client_id, rule_id, action, version, place)
"""

_TRIM = """
WITH head AS (
    UPDATE outbox_head SET trimmed_change_id = greatest(trimmed_change_id, least($1, last_change_id))
    RETURNING trimmed_change_id
)
DELETE FROM outbox USING head WHERE change_id <= $1 AND change_id <= head.trimmed_change_id
"""


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One rule was changed.

    Attributes:
        version: Of the rule after the change; of a deleted rule, the last it had.
    """

    client_id: str
    rule_id: str
    action: RuleAction
    version: int


async def append_changes(connection: Connection, changes: Sequence[RuleChange], *, now_ms: int) -> None:
    """Append *changes* to the outbox, in the transaction that *connection* is in.

    Call it once per transaction, as its last statement: it lets no other writer append until the transaction ends, so
    that what is locked after it could deadlock, and what takes long after it holds up every edit.
    """
    assert connection.is_in_transaction(), "a change is told in the transaction that makes it, or not at all"
    if not changes:
        return
    await connection.execute(
        _APPEND,
        [change.client_id for change in changes],
        [change.rule_id for change in changes],
        [int(change.action) for change in changes],
        [change.version for change in changes],
        now_ms,
    )


async def trim_changes(connection: Connection, *, up_to: int) -> None:
    """Forget the changes numbered *up_to* and below; who has not read them yet must take a snapshot."""
    await connection.execute(_TRIM, up_to)


# By an index that holds the waiting rows alone.
_UNPUBLISHED: Final = """
SELECT change_id, rule_id, client_id, action, version, created_at
FROM outbox WHERE published_at IS NULL ORDER BY change_id LIMIT $1
"""

_MARK_PUBLISHED: Final = (
    "UPDATE outbox SET published_at = $2 WHERE change_id = ANY ($1::bigint[]) AND published_at IS NULL"
)


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
            await connection.execute(_MARK_PUBLISHED, list(change_ids), now_ms)


_LAST_CHANGE: Final = "SELECT last_change_id FROM outbox_head"

_NEXT_CLIENTS: Final = (
    "SELECT client_id FROM clients WHERE $1::text IS NULL OR client_id > $1 ORDER BY client_id LIMIT $2"
)

_ENABLED: Final = f"SELECT {DECIDING_RULES.columns} FROM rules WHERE enabled"
_ENABLED_OF_CLIENTS: Final = _ENABLED + " AND client_id = ANY ($1::text[])"


class PgRuleDatabase:
    """Reads rules, each time as of one moment.

    Args:
        pool: Of the worker's role.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def rules_of(self, client_ids: Collection[str]) -> RulesAsOf:
        """Return the enabled rules of these clients."""
        async with transaction(self._pool, "rules_of", isolation="repeatable_read", readonly=True) as connection:
            return await _read_as_of(connection, client_ids)

    async def next_clients(self, after: str | None, *, clients_max: int) -> RulesAsOf:
        """Return the next clients, in the order of the database's collation."""
        async with transaction(self._pool, "next_clients", isolation="repeatable_read", readonly=True) as connection:
            client_ids = [row[0] for row in await connection.fetch(_NEXT_CLIENTS, after, clients_max)]
            return await _read_as_of(connection, client_ids)


async def _read_as_of(connection: Connection, client_ids: Collection[str]) -> RulesAsOf:
    # One snapshot for all statements: it has every change up to the number in the head, and none beyond it.
    as_of = await connection.fetchval(_LAST_CHANGE)
    by_client: dict[str, list[Rule]] = {client_id: [] for client_id in client_ids}
    for row in await connection.fetch(_ENABLED_OF_CLIENTS, list(client_ids)) if client_ids else ():
        rule = DECIDING_RULES.read(row)
        by_client[rule.client_id].append(rule)
    return RulesAsOf(as_of or 0, by_client)


_HEAD: Final = "SELECT last_change_id, trimmed_change_id FROM outbox_head"

_CHANGED_CLIENTS: Final = "SELECT DISTINCT client_id FROM outbox WHERE change_id > $1"


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
            changed = [row[0] for row in await connection.fetch(_CHANGED_CLIENTS, since_version)]
            rows = await connection.fetch(_ENABLED_OF_CLIENTS, changed)
        by_client: dict[str, list[Rule]] = {client_id: [] for client_id in changed}
        for row in rows:
            rule = DECIDING_RULES.read(row)
            by_client[rule.client_id].append(rule)
        return RuleChanges(last, by_client)
