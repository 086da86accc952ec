"""Bulk loads into Postgres: one statement per ten thousand rows, told to evaluators like any other change."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, TypeVar

from alerting_backend.adapters.postgres.catalog.endpoint_rows import COLUMNS, row_of
from alerting_backend.adapters.postgres.outbox import RuleChange, append_changes
from alerting_backend.adapters.postgres.pools import Pools, transaction
from alerting_core import limits
from alerting_core.codec.rule import RuleAction
from alerting_core.domain.client import Client
from alerting_core.domain.endpoint import Endpoint
from alerting_core.domain.rule import Rule
from alerting_core.errors import Conflict
from alerting_core.ports.catalog import Loaded, Progress

T = TypeVar("T")

_CLIENTS: Final = """
INSERT INTO clients (client_id, name, created_at, updated_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[])
ON CONFLICT DO NOTHING RETURNING 1
"""

_RULES: Final = """
INSERT INTO rules (client_id, rule_id, severity, source, name, enabled, version, created_at, updated_at)
SELECT n.* FROM unnest(
    $1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::integer[], $8::timestamptz[],
    $9::timestamptz[]
) AS n (client_id, rule_id, severity, source, name, enabled, version, created_at, updated_at)
WHERE EXISTS (SELECT 1 FROM clients c WHERE c.client_id = n.client_id)
ON CONFLICT DO NOTHING RETURNING client_id, rule_id, version, created_at
"""

_ENDPOINTS: Final = f"""
INSERT INTO endpoints ({COLUMNS})
SELECT n.* FROM unnest(
    $1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::jsonb[], $7::text[], $8::text[],
    $9::timestamptz[], $10::boolean[], $11::text[], $12::integer[], $13::timestamptz[], $14::timestamptz[]
) AS n ({COLUMNS})
WHERE EXISTS (SELECT 1 FROM rules r WHERE r.client_id = n.client_id AND r.rule_id = n.rule_id)
ON CONFLICT DO NOTHING RETURNING 1
"""  # noqa: S608 - constants alone


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
            rows = [(c.client_id, c.name, c.created_at_ms, c.updated_at_ms) for c in client_batch]
            done = Loaded(done.clients + await self._insert(_CLIENTS, rows), 0, 0)
            report(done)
        for rule_batch in _batches(rules):
            done = Loaded(done.clients, done.rules + await self._insert_rules(rule_batch), 0)
            report(done)
        for endpoint_batch in _batches(endpoints):
            stored = await self._insert(_ENDPOINTS, [row_of(endpoint) for endpoint in endpoint_batch])
            done = Loaded(done.clients, done.rules, done.endpoints + stored)
            report(done)
        return done

    async def _refuse_other_data(self, client_ids: Sequence[str]) -> None:
        other = "SELECT EXISTS (SELECT 1 FROM clients WHERE client_id <> ALL ($1::text[]))"
        async with transaction(self._pools.admin, "bulk_load", readonly=True) as connection:
            if await connection.fetchval(other, client_ids):
                raise Conflict("there are other clients in the database")

    async def _insert(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> int:
        async with transaction(self._pools.admin, "bulk_load") as connection:
            return len(await connection.fetch(statement, *_columns(rows)))

    async def _insert_rules(self, rules: Sequence[Rule]) -> int:
        rows = [
            (
                r.client_id,
                r.rule_id,
                r.severity,
                r.source,
                r.name,
                r.enabled,
                r.version,
                r.created_at_ms,
                r.updated_at_ms,
            )
            for r in rules
        ]
        async with transaction(self._pools.admin, "bulk_load") as connection:
            stored = await connection.fetch(_RULES, *_columns(rows))
            changes = [RuleChange(s["client_id"], s["rule_id"], RuleAction.CREATED, s["version"]) for s in stored]
            now_ms = max((s["created_at"] for s in stored), default=0)
            await append_changes(connection, changes, now_ms=now_ms)
        return len(stored)


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, limits.BULK_ROWS_MAX)):
        yield batch


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _ignore(_loaded: Loaded) -> None:
    """Tell nobody."""
