"""The leases of senders that are gone, on Postgres. How absence is seen: `presence`."""

from collections.abc import Collection, Sequence
from typing import Final

from alerting_backend.adapters.postgres.interrupted import LostLease, record_interrupted
from alerting_backend.adapters.postgres.pools import Connection, Pool, transaction
from alerting_backend.adapters.postgres.presence import LOCK_OF_SENDER
from alerting_backend.adapters.postgres.rows import DELIVERY_COLUMNS, UNFINISHED, read_delivery

# Leases end soon: the index of what is due next leads to them, however much waits beside.
_LEASED: Final = f"{UNFINISHED} AND due_at > $1 AND due_at <= $2 AND lease_owner LIKE '%/%'"

_SENDERS: Final = f"""
SELECT DISTINCT split_part(lease_owner, '/', 1) AS sender FROM deliveries WHERE {_LEASED}
"""  # noqa: S608 - constants alone

# Until the transaction ends, none of those that are returned can come back.
_ABSENT: Final = f"""
SELECT sender FROM unnest($1::text[]) AS w (sender)
WHERE pg_try_advisory_xact_lock({LOCK_OF_SENDER.format("sender")})
"""  # noqa: S608 - constants alone

_TAKE: Final = f"""
SELECT {DELIVERY_COLUMNS}, lease_owner FROM deliveries
WHERE {_LEASED} AND split_part(lease_owner, '/', 1) = ANY ($3::text[])
LIMIT $4
FOR NO KEY UPDATE SKIP LOCKED
"""  # noqa: S608 - constants alone

_RELEASE: Final = """
UPDATE deliveries AS d SET due_at = $3, lease_owner = NULL
FROM unnest($1::text[], $2::uuid[]) AS w (client_id, delivery_id)
WHERE d.client_id = w.client_id AND d.delivery_id = w.delivery_id
"""


class PgAbandonedLeases:
    """Looks at the leases in a database.

    Args:
        pool: Of the worker's role.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def absent(self, *, now_ms: int, lease_ms: int) -> Collection[str]:
        """Return the senders that hold leases and whose lock nobody holds."""
        async with transaction(self._pool, "absent_senders") as connection:
            senders = [row["sender"] for row in await connection.fetch(_SENDERS, now_ms, now_ms + 2 * lease_ms)]
            return await _absent(connection, senders)

    async def take_back(self, senders: Collection[str], *, now_ms: int, lease_ms: int, limit: int) -> int:
        """Release the leases of those whose lock nobody holds."""
        async with transaction(self._pool, "take_back_leases") as connection:
            gone = await _absent(connection, senders)
            if not gone:
                return 0
            rows = await connection.fetch(_TAKE, now_ms, now_ms + 2 * lease_ms, gone, limit)
            lost = [LostLease(read_delivery(row), row["lease_owner"], row["due_at"]) for row in rows]
            await record_interrupted(connection, lost, lease_ms=lease_ms, now_ms=now_ms)
            keys = [row["client_id"] for row in rows], [row["delivery_id"] for row in rows]
            await connection.execute(_RELEASE, *keys, now_ms)
        return len(rows)


async def _absent(connection: Connection, senders: Collection[str]) -> Sequence[str]:
    """Lock those of *senders* that are absent until the transaction ends, and return them."""
    rows = await connection.fetch(_ABSENT, list(senders)) if senders else ()
    return [row["sender"] for row in rows]
