"""Notifications: what was told to whom, and once more when asked."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from alerting_backend.api.auth import NotificationReader, NotificationResender
from alerting_backend.api.container import Parts, Use
from alerting_backend.api.documented import ACCEPTED, CALLER, REPEATABLE, refusals
from alerting_backend.api.idempotency import Once
from alerting_backend.api.paging import PageQuery, page_of
from alerting_backend.api.route import ApiRoute
from alerting_backend.api.schema.base import ItemPage, Moment, ShownSeverity
from alerting_backend.api.schema.notification import (
    NotificationDetailShown,
    NotificationShown,
    show_detail,
    show_notification,
)
from alerting_backend.api.trace import TraceParent
from alerting_core import limits
from alerting_core.api.moments import clamped_ms
from alerting_core.api.problem_kinds import ProblemKind
from alerting_core.domain.notification import NotificationStatus
from alerting_core.ports.journal import RULE_LOOKS_MAX, NotificationFilter

PREFIX = "/api/v1/notifications"

router = APIRouter(prefix=PREFIX, tags=["notifications"], route_class=ApiRoute)

NotificationId = Annotated[
    str, Path(json_schema_extra={"format": "uuid"}, examples=["5f7f1a0c-0c52-8d11-9b8e-3d7a1c1de0aa"])
]
_Exact = Annotated[str | None, Field(max_length=limits.ID_CHARS_MAX)]
_K = ProblemKind


class NotificationQuery(PageQuery):
    """Which notifications to list."""

    client_id: _Exact = None
    status: NotificationStatus | None = None
    severity: ShownSeverity | None = None
    source: _Exact = None
    name: _Exact = None
    alert_id: _Exact = None
    rule_id: Annotated[
        str | None,
        Field(
            max_length=limits.ID_CHARS_MAX,
            description=f"A rule that led to it, also one that was deleted since. A page looks at {RULE_LOOKS_MAX:,} "
            "notifications of its client (of all, for a deleted rule without `client_id`): it may hold fewer than "
            "`limit`, even none, and the list still goes on while `next_cursor` is not null.",
        ),
    ] = None
    since: Annotated[Moment | None, Field(description="Created then or later; RFC 3339 with an offset.")] = None
    until: Annotated[Moment | None, Field(description="Created before then.")] = None

    @property
    def where(self) -> NotificationFilter:
        """The same in the words of the port."""
        return NotificationFilter(
            client_id=self.client_id,
            status=self.status,
            severity=self.severity,
            source=self.source,
            name=self.name,
            alert_id=self.alert_id,
            rule_id=self.rule_id,
            since_ms=clamped_ms(self.since),
            until_ms=clamped_ms(self.until),
        )


@router.get("", responses=refusals(*CALLER, _K.INVALID_INPUT))
async def list_notifications(
    use: Use, caller: NotificationReader, query: Annotated[NotificationQuery, Query()]
) -> ItemPage[NotificationShown]:
    """List notifications, newest first."""
    return page_of(await use.notifications.list(caller.scope, query.page, query.where), show_notification)


@router.get("/{notification_id}", responses=refusals(*CALLER, _K.NOT_FOUND))
async def get_notification(
    parts: Parts, caller: NotificationReader, notification_id: NotificationId
) -> NotificationDetailShown:
    """Return one notification with its deliveries and all their attempts."""
    detail = await parts.use.notifications.detail(caller.scope, notification_id)
    return show_detail(detail, now_ms=parts.clock.now_ms())


@router.post(
    "/{notification_id}/resend",
    status_code=202,
    responses=ACCEPTED | refusals(*CALLER, *REPEATABLE, _K.NOT_FOUND, _K.CONFLICT),
)
async def resend_notification(
    use: Use,
    caller: NotificationResender,
    _once: Once,
    notification_id: NotificationId,
    traceparent: TraceParent,
) -> NotificationShown:
    """Tell every target of a finished notification again.

    Also those that its rules have gained since. Receivers see the same `webhook-id`. While it is still under way (409)
    there is nothing to send again. Attempts made before stay recorded.
    """
    notification = await use.notifications.resend(caller.scope, notification_id, traceparent=traceparent)
    return show_notification(notification)
