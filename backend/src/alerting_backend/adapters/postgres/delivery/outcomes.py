"""Recording what claims came to, and ending notifications whose deliveries have all ended."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from alerting_backend.adapters.postgres.connection import Connection
from alerting_backend.adapters.postgres.delivery import ends
from alerting_backend.adapters.postgres.delivery.notifications import columns_of
from alerting_core.domain import claim, endpoint, text
from alerting_core.domain.delivery import DELIVERY_MOVES, Attempt, DeliveryEvent, DeliveryStatus, Reason
from alerting_core.domain.notification import (
    NOTIFICATION_MOVES,
    NotificationEvent,
    NotificationRef,
    NotificationStatus,
    settled_by,
)

# Each is looked up by its key, however many others wait: OFFSET 0 keeps the planner from a plan that begins with all
# that are RECEIVED, whose number it does not know while they come and go.
_LOCK_SETTLING: Final = """
SELECT n.client_id, n.notification_id, n.ends_at IS NULL AND n.resolved_notification_id IS NOT NULL AS is_followed
FROM (
    SELECT * FROM unnest($1::text[], $2::uuid[]) AS w (client_id, notification_id) ORDER BY client_id, notification_id
) AS w
CROSS JOIN LATERAL (
    SELECT o.client_id, o.notification_id, o.status, o.ends_at, o.resolved_notification_id FROM notifications AS o
    WHERE o.client_id = w.client_id AND o.notification_id = w.notification_id
    OFFSET 0
    FOR NO KEY UPDATE
) AS n
WHERE n.status = $3
"""

# A settlement looks at which states occur, not at how often.
_STATES: Final = """
SELECT w.client_id, w.notification_id, ARRAY(
    SELECT DISTINCT d.status FROM deliveries AS d
    WHERE d.client_id = w.client_id AND d.notification_id = w.notification_id
) AS states
FROM unnest($1::text[], $2::uuid[]) AS w (client_id, notification_id)
"""

_SETTLE: Final = """
UPDATE notifications AS n SET status = w.status, updated_at = $4
FROM unnest($1::text[], $2::uuid[], $3::text[]) AS w (client_id, notification_id, status)
WHERE n.client_id = w.client_id AND n.notification_id = w.notification_id
"""

_RECEIVED: Final = NotificationStatus.RECEIVED


async def lock_received(connection: Connection, refs: Iterable[NotificationRef]) -> Mapping[NotificationRef, bool]:
    """Lock those of *refs* that are RECEIVED until the transaction ends; tell whether another one tells their end."""
    rows = await connection.fetch(_LOCK_SETTLING, *columns_of(sorted(set(refs), key=_in_order)), str(_RECEIVED))
    return {NotificationRef(row["client_id"], row["notification_id"]): row["is_followed"] for row in rows}


async def with_deliveries(connection: Connection, refs: Sequence[NotificationRef]) -> Collection[NotificationRef]:
    """Return those of *refs* that have deliveries."""
    return {ref for ref, states in (await _states(connection, refs)).items() if states}


async def settle_ended(connection: Connection, refs: Collection[NotificationRef], *, now_ms: int) -> int:
    """Settle those of *refs*, as `lock_received` returned them, that have deliveries, all of them final."""
    events = {ref: settled_by(states) for ref, states in (await _states(connection, refs)).items() if states}
    return await _settle(connection, events, now_ms=now_ms)


async def settle_without_work(connection: Connection, refs: Sequence[NotificationRef], *, now_ms: int) -> int:
    """Settle those of *refs*, as `lock_received` returned them, that have no delivery but SKIPPED ones, or none."""
    events = {ref: settled_by(states) for ref, states in (await _states(connection, refs)).items()}
    without_work = {ref: event for ref, event in events.items() if event is NotificationEvent.NOTHING_TO_DELIVER}
    return await _settle(connection, without_work, now_ms=now_ms)


async def _states(
    connection: Connection, refs: Collection[NotificationRef]
) -> Mapping[NotificationRef, Sequence[DeliveryStatus]]:
    """Return the states that occur among the deliveries of each."""
    rows = await connection.fetch(_STATES, *columns_of(refs)) if refs else ()
    return {
        NotificationRef(row["client_id"], row["notification_id"]): [DeliveryStatus(state) for state in row["states"]]
        for row in rows
    }


async def _settle(
    connection: Connection,
    events: Mapping[NotificationRef, NotificationEvent | None],
    *,
    now_ms: int,
) -> int:
    settled = {ref: NOTIFICATION_MOVES[_RECEIVED, event] for ref, event in events.items() if event is not None}
    if settled:
        await connection.execute(_SETTLE, *columns_of(settled), list(map(str, settled.values())), now_ms)
    return len(settled)


def _in_order(ref: NotificationRef) -> tuple[str, str]:
    return ref.client_id, ref.notification_id


_Key: TypeAlias = tuple[str, str]
"""(client_id, delivery_id)."""

_LOCK_OUTCOMES: Final = """
SELECT d.client_id, d.delivery_id, d.status, d.reason, d.attempts, d.due_at, d.lease_owner, d.updated_at
FROM unnest($1::text[], $2::uuid[]) AS w (client_id, delivery_id)
JOIN deliveries AS d USING (client_id, delivery_id)
ORDER BY d.client_id, d.delivery_id
FOR NO KEY UPDATE OF d
"""

# What an owner says itself takes the place of what was noted when it had lost its lease.
_RECORD_ATTEMPTS: Final = """
INSERT INTO attempts (
    client_id, attempt_id, delivery_id, number, reason, status_code, response, detail, started_at, latency_ms
)
SELECT * FROM unnest(
    $1::text[], $2::uuid[], $3::uuid[], $4::integer[], $5::text[], $6::integer[], $7::text[], $8::text[],
    $9::timestamptz[], $10::integer[]
)
ON CONFLICT (client_id, attempt_id) DO UPDATE SET
    number = excluded.number, reason = excluded.reason, status_code = excluded.status_code,
    response = excluded.response, detail = excluded.detail, started_at = excluded.started_at,
    latency_ms = excluded.latency_ms
WHERE attempts.reason = 'interrupted'
RETURNING attempt_id
"""

_MOVE: Final = """
UPDATE deliveries AS d SET
    status = w.status, reason = w.reason, attempts = w.attempts, due_at = w.due_at, lease_owner = NULL,
    updated_at = w.updated_at
FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::integer[], $6::timestamptz[], $7::timestamptz[])
    AS w (client_id, delivery_id, status, reason, attempts, due_at, updated_at)
WHERE d.client_id = w.client_id AND d.delivery_id = w.delivery_id
"""

# Only while it still points where it was gone: it may have been mended meanwhile.
_DISABLE: Final = """
UPDATE endpoints AS e SET enabled = false, disabled_reason = $4, version = e.version + 1, updated_at = $5
FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::uuid[], $3::text[]) AS w (client_id, endpoint_id, target)) AS w
WHERE e.client_id = w.client_id AND e.endpoint_id = w.endpoint_id AND e.enabled AND e.value = w.target
"""


@dataclass(slots=True)
class _Row:
    """A locked delivery, as it will be."""

    status: DeliveryStatus
    reason: str | None
    attempts: int
    due_at_ms: int | None
    lease_owner: str | None
    updated_at_ms: int


async def record_outcomes(connection: Connection, outcomes: Sequence[claim.Outcome], *, now_ms: int) -> Sequence[bool]:
    """Record *outcomes* in the transaction that *connection* is in, as `DeliveryStore.record_outcomes` says."""
    received = await lock_received(connection, [outcome.claim.notification.ref for outcome in outcomes])
    rows = await _lock(connection, sorted({_key(outcome) for outcome in outcomes}))
    tries = {o.attempt.attempt_id: (o, o.attempt) for o in outcomes if o.attempt is not None and _key(o) in rows}
    fresh = await _record_attempts(connection, list(tries.values())) if tries else set[str]()
    news = [_is_news(outcome, fresh) for outcome in outcomes]
    moved = [
        new and _key(outcome) in rows and _move(rows[_key(outcome)], outcome, now_ms=now_ms)
        for outcome, new in zip(outcomes, news, strict=True)
    ]
    changed = sorted({_key(outcome) for outcome, did in zip(outcomes, moved, strict=True) if did})
    await _store(connection, {key: rows[key] for key in changed})
    done = [outcome for outcome, did in zip(outcomes, moved, strict=True) if did]
    if waited_for := _waited_for(done, rows):
        await ends.wake(connection, waited_for, now_ms=now_ms)
    gone = [outcome for outcome, new in zip(outcomes, news, strict=True) if new and outcome.disable_endpoint]
    await _disable(connection, gone, now_ms=now_ms)
    if any(rows[key].status.is_final for key in changed):
        await settle_ended(connection, received, now_ms=now_ms)
    return moved


def _key(outcome: claim.Outcome) -> _Key:
    return outcome.claim.delivery.client_id, outcome.claim.delivery.delivery_id


def _is_news(outcome: claim.Outcome, fresh: set[str]) -> bool:
    """Tell whether this was not recorded before; an attempt given twice in one call is news once."""
    if outcome.attempt is None:
        return True
    is_news = outcome.attempt.attempt_id in fresh
    fresh.discard(outcome.attempt.attempt_id)
    return is_news


def _move(row: _Row, outcome: claim.Outcome, *, now_ms: int) -> bool:
    """Move *row* by *outcome* if it is still its owner's, or was delivered after all; return whether it moved."""
    holds = row.lease_owner == outcome.claim.owner
    if row.status.is_final or not (holds or outcome.event is DeliveryEvent.ACCEPTED):
        return False
    row.lease_owner = None
    row.due_at_ms = outcome.next_attempt_at_ms
    if outcome.event is not None:
        row.status = DELIVERY_MOVES[row.status, outcome.event]
        row.reason = str(outcome.reason)
        row.updated_at_ms = now_ms
        row.attempts += outcome.attempt is not None
    return True


def _waited_for(outcomes: Sequence[claim.Outcome], rows: Mapping[_Key, _Row]) -> set[_Key]:
    """Return the deliveries that have ended and may have one that follows them, and those that one here waits for."""
    ended = {_key(one) for one in outcomes if one.claim.notification.has_life and rows[_key(one)].status.is_final}
    waiting = [one.claim.delivery for one in outcomes if one.reason is Reason.WAITS_FOR_FIRING]
    return ended | {(one.client_id, one.follows) for one in waiting if one.follows is not None}


async def _lock(connection: Connection, keys: Sequence[_Key]) -> Mapping[_Key, _Row]:
    found = await connection.fetch(_LOCK_OUTCOMES, [client_id for client_id, _ in keys], [id_ for _, id_ in keys])
    return {
        (row["client_id"], row["delivery_id"]): _Row(
            DeliveryStatus(row["status"]),
            row["reason"],
            row["attempts"],
            row["due_at"],
            row["lease_owner"],
            row["updated_at"],
        )
        for row in found
    }


async def _record_attempts(connection: Connection, tries: Sequence[tuple[claim.Outcome, Attempt]]) -> set[str]:
    """Return the ids of those that were not recorded before."""
    attempts = [attempt for _, attempt in tries]
    rows = await connection.fetch(
        _RECORD_ATTEMPTS,
        [outcome.claim.delivery.client_id for outcome, _ in tries],
        [attempt.attempt_id for attempt in attempts],
        [attempt.delivery_id for attempt in attempts],
        [attempt.number for attempt in attempts],
        [str(attempt.reason) for attempt in attempts],
        [attempt.status_code for attempt in attempts],
        [text.storable(attempt.response) for attempt in attempts],
        [text.storable(attempt.detail) for attempt in attempts],
        [attempt.started_at_ms for attempt in attempts],
        [attempt.latency_ms for attempt in attempts],
    )
    return {row["attempt_id"] for row in rows}


async def _store(connection: Connection, rows: Mapping[_Key, _Row]) -> None:
    if not rows:
        return
    values = list(rows.values())
    await connection.execute(
        _MOVE,
        [client_id for client_id, _ in rows],
        [delivery_id for _, delivery_id in rows],
        [str(row.status) for row in values],
        [row.reason for row in values],
        [row.attempts for row in values],
        [row.due_at_ms for row in values],
        [row.updated_at_ms for row in values],
    )


async def _disable(connection: Connection, outcomes: Sequence[claim.Outcome], *, now_ms: int) -> None:
    if not outcomes:
        return
    deliveries = [outcome.claim.delivery for outcome in outcomes]
    await connection.execute(
        _DISABLE,
        [delivery.client_id for delivery in deliveries],
        [delivery.endpoint_id for delivery in deliveries],
        [delivery.target for delivery in deliveries],
        str(endpoint.DisableReason.GONE),
        now_ms,
    )
