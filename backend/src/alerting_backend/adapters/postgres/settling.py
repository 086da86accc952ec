"""Ending notifications whose deliveries have all ended.

Whoever may end the last delivery of a notification locks the notification first, all in one order. So of two senders
that finish its last two deliveries at once, the second sees what the first did, and settles it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from alerting_backend.adapters.postgres.notifications import columns_of
from alerting_backend.adapters.postgres.pools import Connection
from alerting_core.domain.delivery import DeliveryStatus
from alerting_core.domain.notification import (
    NOTIFICATION_MOVES,
    NotificationEvent,
    NotificationRef,
    NotificationStatus,
    settled_by,
)

# Each is looked up by its key, however many others wait: OFFSET 0 keeps the planner from a plan that begins with all
# that are RECEIVED, whose number it does not know while they come and go.
_LOCK: Final = """
SELECT n.client_id, n.notification_id
FROM (
    SELECT * FROM unnest($1::text[], $2::uuid[]) AS w (client_id, notification_id) ORDER BY client_id, notification_id
) AS w
CROSS JOIN LATERAL (
    SELECT o.client_id, o.notification_id, o.status FROM notifications AS o
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


async def lock_received(connection: Connection, refs: Iterable[NotificationRef]) -> Sequence[NotificationRef]:
    """Lock those of *refs* that are RECEIVED until the transaction ends, and return them."""
    rows = await connection.fetch(_LOCK, *columns_of(sorted(set(refs), key=_in_order)), str(_RECEIVED))
    return [NotificationRef(row["client_id"], row["notification_id"]) for row in rows]


async def settle_ended(connection: Connection, refs: Sequence[NotificationRef], *, now_ms: int) -> int:
    """Settle those of *refs*, as `lock_received` returned them, that have deliveries, all of them final."""
    events = {ref: settled_by(states) for ref, states in (await _states(connection, refs)).items() if states}
    return await _settle(connection, events, now_ms=now_ms)


async def settle_without_work(connection: Connection, refs: Sequence[NotificationRef], *, now_ms: int) -> int:
    """Settle those of *refs*, as `lock_received` returned them, that have no delivery but SKIPPED ones, or none."""
    events = {ref: settled_by(states) for ref, states in (await _states(connection, refs)).items()}
    without_work = {ref: event for ref, event in events.items() if event is NotificationEvent.NOTHING_TO_DELIVER}
    return await _settle(connection, without_work, now_ms=now_ms)


async def _states(
    connection: Connection, refs: Sequence[NotificationRef]
) -> Mapping[NotificationRef, Sequence[DeliveryStatus]]:
    """Return the states that occur among the deliveries of each."""
    rows = await connection.fetch(_STATES, *columns_of(refs)) if refs else ()
    return {
        NotificationRef(row["client_id"], row["notification_id"]): [DeliveryStatus(state) for state in row["states"]]
        for row in rows
    }


async def _settle(
    connection: Connection, events: Mapping[NotificationRef, NotificationEvent | None], *, now_ms: int
) -> int:
    settled = {ref: NOTIFICATION_MOVES[_RECEIVED, event] for ref, event in events.items() if event is not None}
    if settled:
        await connection.execute(_SETTLE, *columns_of(settled), list(map(str, settled.values())), now_ms)
    return len(settled)


def _in_order(ref: NotificationRef) -> tuple[str, str]:
    return ref.client_id, ref.notification_id
