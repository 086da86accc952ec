"""The rules as the tables hold them, client by client, for those who spread them."""

from collections.abc import Collection
from typing import Final

from alerting_backend.adapters.postgres.pools import Connection, Pool, transaction
from alerting_backend.adapters.postgres.rows import DECIDING_RULES
from alerting_core.domain.rule import Rule
from alerting_core.ports.rule_origin import RulesAsOf

_HEAD: Final = "SELECT last_change_id FROM outbox_head"

_NEXT: Final = "SELECT client_id FROM clients WHERE $1::text IS NULL OR client_id > $1 ORDER BY client_id LIMIT $2"

_ENABLED_OF: Final = f"SELECT {DECIDING_RULES.columns} FROM rules WHERE enabled AND client_id = ANY ($1::text[])"


class PgRuleOrigin:
    """Reads rules, each time as of one moment.

    Args:
        pool: Of the worker's role.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def rules_of(self, client_ids: Collection[str]) -> RulesAsOf:
        """Return the enabled rules of these clients."""
        async with transaction(self._pool, "rules_of", isolation="repeatable_read", readonly=True) as connection:
            return await _read(connection, client_ids)

    async def next_clients(self, after: str | None, *, clients_max: int) -> RulesAsOf:
        """Return the next clients, in the order of the database's collation."""
        async with transaction(self._pool, "next_clients", isolation="repeatable_read", readonly=True) as connection:
            client_ids = [row[0] for row in await connection.fetch(_NEXT, after, clients_max)]
            return await _read(connection, client_ids)


async def _read(connection: Connection, client_ids: Collection[str]) -> RulesAsOf:
    # One snapshot for all statements: it has every change up to the number in the head, and none beyond it.
    as_of = await connection.fetchval(_HEAD)
    by_client: dict[str, list[Rule]] = {client_id: [] for client_id in client_ids}
    for row in await connection.fetch(_ENABLED_OF, list(client_ids)) if client_ids else ():
        rule = DECIDING_RULES.read(row)
        by_client[rule.client_id].append(rule)
    return RulesAsOf(as_of or 0, by_client)
