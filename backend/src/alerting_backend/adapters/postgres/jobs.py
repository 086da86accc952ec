"""What the API remembers of requests, on Postgres: answers by Idempotency-Key, and jobs of the alert generator."""

from dataclasses import asdict
from typing import Final

import asyncpg

from alerting_backend.adapters.postgres.connection import LOCK_NEW_JOBS, Pools, connected, transaction
from alerting_backend.adapters.postgres.tables import Conditions, NewestFirst
from alerting_core import errors, limits
from alerting_core.codec.records import is_uuid
from alerting_core.generator.config import CustomAlert, GeneratorConfig
from alerting_core.ports import catalog, idempotency, operations

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

_STORE_ANSWER: Final = """
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

    async def begin(self, owner: str, key: str, request_hash: bytes, *, now_ms: int) -> idempotency.Beginning:
        """Claim the key, or say what became of it."""
        forgotten_ms, dead_ms = now_ms - limits.IDEMPOTENCY_KEEP_MS, now_ms - limits.IDEMPOTENCY_RUNNING_MS_MAX
        async with connected(self._pools.admin, "begin_request") as connection:
            for _ in range(_TRIES_MAX):
                claimed = await connection.fetchval(_CLAIM, owner, key, request_hash, now_ms, forgotten_ms, dead_ms)
                if claimed is not None:
                    return idempotency.Fresh(owner, key, now_ms)
                row = await connection.fetchrow(_LOOK, owner, key)
                if row is not None:
                    return _read_answer(row, request_hash)
        return idempotency.InProgress()

    async def finish(self, claim: idempotency.Fresh, answer: idempotency.Answer) -> None:
        """Keep the answer."""
        place = (claim.owner, claim.key, claim.begun_at_ms)
        async with connected(self._pools.admin, "finish_request") as connection:
            await connection.execute(_STORE_ANSWER, *place, answer.status_code, dict(answer.headers), answer.body)

    async def abandon(self, claim: idempotency.Fresh) -> None:
        """Forget the claim."""
        async with connected(self._pools.admin, "abandon_request") as connection:
            await connection.execute(_ABANDON, claim.owner, claim.key, claim.begun_at_ms)


def _read_answer(row: asyncpg.Record, request_hash: bytes) -> idempotency.Beginning:
    if row["request_hash"] != request_hash:
        return idempotency.Different()
    if row["status_code"] is None:
        return idempotency.InProgress()
    return idempotency.Answer(row["status_code"], row["response"], row["headers"])


_SELECT: Final = "SELECT * FROM generator_jobs"

_COUNT: Final = "SELECT count(*) FROM generator_jobs WHERE status IN ('pending', 'running')"

_INSERT: Final = "INSERT INTO generator_jobs (job_id, status, config, created_at) VALUES ($1, $2, $3, $4)"

_ASK_STOP: Final = """
UPDATE generator_jobs SET
    stop_asked = stop_asked OR status = 'running',
    completed_at = CASE status WHEN 'pending' THEN $2::timestamptz ELSE completed_at END,
    status = CASE status WHEN 'pending' THEN 'cancelled' ELSE status END
WHERE job_id = $1
RETURNING *
"""

_TAKE: Final = """
UPDATE generator_jobs SET status = 'running', started_at = coalesce(started_at, $1)
WHERE job_id = (
    SELECT job_id FROM generator_jobs WHERE status = 'pending'
    ORDER BY created_at, job_id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING *
"""

_NOTE_PROGRESS: Final = """
UPDATE generator_jobs SET alerts_sent = $2 WHERE job_id = $1 AND status = 'running' RETURNING NOT stop_asked
"""

_END_JOB: Final = """
UPDATE generator_jobs SET status = $2, alerts_sent = $3, error = $4, completed_at = $5
WHERE job_id = $1 AND status IN ('pending', 'running')
"""

_REQUEUE: Final = "UPDATE generator_jobs SET status = 'pending' WHERE status = 'running' RETURNING 1"


class PgJobStore:
    """Stores jobs."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools

    async def create(self, job: operations.GeneratorJob) -> operations.GeneratorJob:
        """Store a new PENDING job."""
        async with transaction(self._pools.admin, "create_job") as connection:
            await connection.execute(LOCK_NEW_JOBS)
            unfinished = await connection.fetchval(_COUNT)
            if unfinished >= limits.JOBS_UNFINISHED_MAX:
                raise errors.LimitExceeded(f"{unfinished} jobs wait or run already: stop some, or wait")
            await connection.execute(_INSERT, job.job_id, job.status, asdict(job.config), job.created_at_ms)
        return job

    async def get(self, job_id: str) -> operations.GeneratorJob:
        """Return one job."""
        return _found(await self._fetch(_SELECT + " WHERE job_id = $1", job_id, operation="get_job"))

    async def list(
        self, page: catalog.PageRequest, *, status: operations.JobStatus | None = None
    ) -> catalog.Page[operations.GeneratorJob]:
        """Return a page of jobs."""
        conditions = Conditions(None)
        conditions.add_equal(status=status)
        return await _LIST.page(self._pools, None, conditions, page)

    async def ask_stop(self, job_id: str, *, now_ms: int) -> operations.GeneratorJob:
        """Cancel a waiting job, tell the runner of a running one."""
        return _found(await self._fetch(_ASK_STOP, job_id, now_ms, operation="ask_stop"))

    async def take(self, *, now_ms: int) -> operations.GeneratorJob | None:
        """Make the oldest waiting job a running one."""
        async with transaction(self._pools.admin, "take_job") as connection:
            row = await connection.fetchrow(_TAKE, now_ms)
        return None if row is None else _read_job(row)

    async def note_progress(self, job_id: str, alerts_sent: int) -> bool:
        """Store how far a running job is."""
        row = await self._fetch(_NOTE_PROGRESS, job_id, alerts_sent, operation="note_progress")
        return row is not None and bool(row[0])

    async def finish(
        self, job_id: str, status: operations.JobStatus, *, alerts_sent: int, error: str | None, now_ms: int
    ) -> None:
        """End a running job."""
        assert status.is_final, "a job ends in a final state"
        await self._fetch(_END_JOB, job_id, status, alerts_sent, error, now_ms, operation="finish_job")

    async def requeue_running(self) -> int:
        """Make all running jobs waiting ones."""
        async with transaction(self._pools.admin, "requeue_jobs") as connection:
            return len(await connection.fetch(_REQUEUE))

    async def _fetch(self, statement: str, job_id: str, *arguments: object, operation: str) -> asyncpg.Record | None:
        if not is_uuid(job_id):
            return None
        async with transaction(self._pools.admin, operation) as connection:
            return await connection.fetchrow(statement, job_id, *arguments)


def _found(row: asyncpg.Record | None) -> operations.GeneratorJob:
    if row is None:
        raise errors.NotFound("there is no such job")
    return _read_job(row)


def _read_job(row: asyncpg.Record) -> operations.GeneratorJob:
    return operations.GeneratorJob(
        job_id=row["job_id"],
        status=operations.JobStatus(row["status"]),
        config=_read_config(row["config"]),
        created_at_ms=row["created_at"],
        started_at_ms=row["started_at"],
        completed_at_ms=row["completed_at"],
        stop_asked=row["stop_asked"],
        alerts_sent=row["alerts_sent"],
        error=row["error"],
    )


def _read_config(stored: dict[str, object]) -> GeneratorConfig:
    custom = stored.pop("custom", None)
    return GeneratorConfig(**stored, custom=CustomAlert(**custom) if isinstance(custom, dict) else None)  # type: ignore[arg-type]


_LIST: Final = NewestFirst("jobs", _SELECT, "job_id", _read_job)
