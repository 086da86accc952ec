"""Bulk loads into Postgres: one statement per ten thousand rows, told to evaluators like any other change."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, TypeVar

from alerting_backend.adapters.postgres.catalog.rule_distribution import RuleChange, append_changes
from alerting_backend.adapters.postgres.delivery.rows import CLIENTS, ENDPOINTS, RULES
from alerting_backend.adapters.postgres.pools import Pools, transaction
from alerting_core import limits
from alerting_core.codec.records import RuleAction
from alerting_core.domain.client import Client
from alerting_core.domain.endpoint import Endpoint
from alerting_core.domain.rule import Rule
from alerting_core.errors import Conflict
from alerting_core.ports.catalog import Loaded, Progress

T = TypeVar("T")

_CLIENTS: Final = f"""
INSERT INTO clients ({CLIENTS.columns}) SELECT * FROM unnest({CLIENTS.arrays}) ON CONFLICT DO NOTHING RETURNING 1
"""

_RULES: Final = f"""
INSERT INTO rules ({RULES.columns})
SELECT n.* FROM unnest({RULES.arrays}) AS n ({RULES.columns})
WHERE EXISTS (SELECT 1 FROM clients c WHERE c.client_id = n.client_id)
ON CONFLICT DO NOTHING RETURNING client_id, rule_id, version, created_at
"""

_ENDPOINTS: Final = f"""
INSERT INTO endpoints ({ENDPOINTS.columns})
SELECT n.* FROM unnest({ENDPOINTS.arrays}) AS n ({ENDPOINTS.columns})
WHERE EXISTS (SELECT 1 FROM rules r WHERE r.client_id = n.client_id AND r.rule_id = n.rule_id)
ON CONFLICT DO NOTHING RETURNING 1
"""


class PgBulkLoader:
    """Loads test data."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools

    async def load(
        self,
        clients: Iterable[Client],
        rules: Iterable[Rule],
        endpoints: Iterable[Endpoint],
        *,
        beside_other_data: bool = False,
        progress: Progress | None = None,
    ) -> Loaded:
        """Store what is not stored yet."""
        given = list(clients)
        if not beside_other_data:
            await self._refuse_other_data([client.client_id for client in given])
        report = progress or _ignore
        done = Loaded(0, 0, 0)
        for client_batch in _batches(given):
            done = Loaded(done.clients + await self._insert(_CLIENTS, CLIENTS.rows(client_batch)), 0, 0)
            report(done)
        for rule_batch in _batches(rules):
            done = Loaded(done.clients, done.rules + await self._insert_rules(rule_batch), 0)
            report(done)
        for endpoint_batch in _batches(endpoints):
            stored = await self._insert(_ENDPOINTS, ENDPOINTS.rows(endpoint_batch))
            done = Loaded(done.clients, done.rules, done.endpoints + stored)
            report(done)
        return done

    async def _refuse_other_data(self, client_ids: Sequence[str]) -> None:
        other = "SELECT EXISTS (SELECT 1 FROM clients WHERE client_id <> ALL ($1::text[]))"
        async with transaction(self._pools.admin, "bulk_load", readonly=True) as connection:
            if await connection.fetchval(other, client_ids):
                raise Conflict("there are other clients in the database")

    async def _insert(self, statement: str, columns: Sequence[Sequence[Any]]) -> int:
        async with transaction(self._pools.admin, "bulk_load") as connection:
            return len(await connection.fetch(statement, *columns))

    async def _insert_rules(self, rules: Sequence[Rule]) -> int:
        async with transaction(self._pools.admin, "bulk_load") as connection:
            stored = await connection.fetch(_RULES, *RULES.rows(rules))
            changes = [RuleChange(s["client_id"], s["rule_id"], RuleAction.CREATED, s["version"]) for s in stored]
            now_ms = max((s["created_at"] for s in stored), default=0)
            await append_changes(connection, changes, now_ms=now_ms)
        return len(stored)


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, limits.BULK_ROWS_MAX)):
        yield batch


def _ignore(_loaded: Loaded) -> None:
    """Tell nobody."""
