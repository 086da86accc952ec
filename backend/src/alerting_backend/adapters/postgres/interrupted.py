"""Recording the attempts of owners that lose their leases."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from alerting_backend.adapters.postgres.pools import Connection
from alerting_core.domain.delivery import Delivery
from alerting_core.domain.lease import interrupted_attempt

_INTERRUPTED: Final = """
INSERT INTO attempts (client_id, attempt_id, delivery_id, number, reason, response, detail, started_at, latency_ms)
SELECT w.client_id, w.attempt_id, w.delivery_id, w.number, w.reason, '', w.detail, w.started_at, w.latency_ms
FROM unnest(
    $1::text[], $2::uuid[], $3::uuid[], $4::integer[], $5::text[], $6::text[], $7::timestamptz[], $8::integer[]
) AS w (client_id, attempt_id, delivery_id, number, reason, detail, started_at, latency_ms)
ON CONFLICT DO NOTHING
"""


class LostLease(NamedTuple):
    """A lease that *owner* had on *delivery*, which is locked."""

    delivery: Delivery
    owner: str
    ends_at_ms: int


async def record_interrupted(connection: Connection, lost: Sequence[LostLease], *, lease_ms: int, now_ms: int) -> None:
    """Record an INTERRUPTED attempt for each of *lost*, unless its owner has recorded the attempt itself."""
    if not lost:
        return
    attempts = [
        interrupted_attempt(
            lease.delivery, lease.owner, lease_ends_at_ms=lease.ends_at_ms, lease_ms=lease_ms, now_ms=now_ms
        )
        for lease in lost
    ]
    await connection.execute(
        _INTERRUPTED,
        [lease.delivery.client_id for lease in lost],
        [attempt.attempt_id for attempt in attempts],
        [attempt.delivery_id for attempt in attempts],
        [attempt.number for attempt in attempts],
        [str(attempt.reason) for attempt in attempts],
        [attempt.detail for attempt in attempts],
        [attempt.started_at_ms for attempt in attempts],
        [attempt.latency_ms for attempt in attempts],
    )
