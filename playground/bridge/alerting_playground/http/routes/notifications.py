"""Notifications."""

from typing import Final

from alerting_core.api.moments import clamped_ms
from alerting_core.api.shapes.notification import notification_detail_shape, notification_shape
from alerting_core.domain.notification import NotificationStatus
from alerting_core.ports.journal import NotificationFilter
from alerting_core.ports.paging import PageRequest
from alerting_playground.http.kinds import OneOf
from alerting_playground.http.operation import Call, Operation, Reply, page_reply
from alerting_playground.http.query import EXACT, MOMENT, SHOWN_SEVERITY, page_query

PREFIX: Final = "/api/v1/notifications"


async def list_all(call: Call) -> Reply:
    """List notifications, newest first."""
    q = call.query
    where = NotificationFilter(
        client_id=q["client_id"],
        status=NotificationStatus(q["status"]) if q["status"] else None,
        severity=q["severity"],
        source=q["source"],
        name=q["name"],
        alert_id=q["alert_id"],
        rule_id=q["rule_id"],
        since_ms=clamped_ms(q["since"]),
        until_ms=clamped_ms(q["until"]),
    )
    page = await call.parts.use.notifications.list(None, PageRequest(q["limit"], q["cursor"]), where)
    return page_reply([notification_shape(notification) for notification in page.items], page.next_cursor)


async def get(call: Call) -> Reply:
    """Return one notification with its deliveries and all their attempts."""
    detail = await call.parts.use.notifications.detail(None, call.path["notification_id"])
    return Reply(notification_detail_shape(detail, now_ms=call.parts.clock.now_ms()))


async def resend(call: Call) -> Reply:
    """Tell every target of a finished notification again."""
    use, notification_id = call.parts.use, call.path["notification_id"]
    notification = await use.notifications.resend(None, notification_id, traceparent=call.traceparent)
    return Reply(notification_shape(notification), 202)


_ONE: Final = PREFIX + "/{notification_id}"
_QUERY: Final = page_query(
    client_id=EXACT,
    status=OneOf(tuple(NotificationStatus)),
    severity=SHOWN_SEVERITY,
    source=EXACT,
    name=EXACT,
    alert_id=EXACT,
    rule_id=EXACT,
    since=MOMENT,
    until=MOMENT,
)

OPERATIONS: Final = (
    Operation("GET", PREFIX, list_all, query=_QUERY),
    Operation("GET", _ONE, get),
    Operation("POST", _ONE + "/resend", resend, once=True),
)
