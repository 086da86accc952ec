"""Answers by Idempotency-Key, on Postgres."""

from typing import Final

import asyncpg

from alerting_backend.adapters.postgres.pools import Pools, connected
from alerting_core import limits
from alerting_core.ports.catalog import Answer, Beginning, Different, Fresh, InProgress

# One statement decides between callers at once: the row's lock lets one insert or take over, the others find it taken.
_CLAIM: Final = """
INSERT INTO idempotency_keys AS stored (owner, key, request_hash, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (owner, key) DO UPDATE SET
    request_hash = excluded.request_hash, created_at = excluded.created_at,
    status_code = NULL, headers = NULL, response = NULL
WHERE stored.created_at < $5
    OR stored.status_code IS NULL AND stored.created_at < $6 AND stored.request_hash = excluded.request_hash
RETURNING created_at
"""

_LOOK: Final = """
SELECT request_hash, status_code, headers, response FROM idempotency_keys WHERE owner = $1 AND key = $2
"""

_FINISH: Final = """
UPDATE idempotency_keys SET status_code = $4, headers = $5, response = $6
WHERE owner = $1 AND key = $2 AND created_at = $3 AND status_code IS NULL
"""

_ABANDON: Final = """
DELETE FROM idempotency_keys WHERE owner = $1 AND key = $2 AND created_at = $3 AND status_code IS NULL
"""

_TRIES_MAX: Final = 3
"""A claim may be given up between the statement that finds it taken and the one that looks at it."""


class PgIdempotencyStore:
    """Keeps answers; the janitor drops those out of date."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools

    async def begin(self, owner: str, key: str, request_hash: bytes, *, now_ms: int) -> Beginning:
        """Claim the key, or say what became of it."""
        forgotten_ms, dead_ms = now_ms - limits.IDEMPOTENCY_KEEP_MS, now_ms - limits.IDEMPOTENCY_RUNNING_MS_MAX
        async with connected(self._pools.admin, "begin_request") as connection:
            for _ in range(_TRIES_MAX):
                claimed = await connection.fetchval(_CLAIM, owner, key, request_hash, now_ms, forgotten_ms, dead_ms)
                if claimed is not None:
                    return Fresh(owner, key, now_ms)
                row = await connection.fetchrow(_LOOK, owner, key)
                if row is not None:
                    return _read(row, request_hash)
        return InProgress()

    async def finish(self, claim: Fresh, answer: Answer) -> None:
        """Keep the answer."""
        place = (claim.owner, claim.key, claim.begun_at_ms)
        async with connected(self._pools.admin, "finish_request") as connection:
            await connection.execute(_FINISH, *place, answer.status_code, dict(answer.headers), answer.body)

    async def abandon(self, claim: Fresh) -> None:
        """Forget the claim."""
        async with connected(self._pools.admin, "abandon_request") as connection:
            await connection.execute(_ABANDON, claim.owner, claim.key, claim.begun_at_ms)


def _read(row: asyncpg.Record, request_hash: bytes) -> Beginning:
    if row["request_hash"] != request_hash:
        return Different()
    if row["status_code"] is None:
        return InProgress()
    return Answer(row["status_code"], row["response"], row["headers"])
