"""Notifications: what was told, to whom, and once more when asked."""

from dataclasses import dataclass

from alerting_core.codec.headers import message_headers
from alerting_core.domain.notification import Notification
from alerting_core.ports.clock import Clock
from alerting_core.ports.journal import Journal, NotificationDetail, NotificationFilter
from alerting_core.ports.paging import Page, PageRequest, Scope
from alerting_core.ports.records import ready_record
from alerting_core.ports.stream import Sink


@dataclass(frozen=True, slots=True)
class Notifications:
    """What may be done with notifications."""

    journal: Journal
    sink: Sink
    clock: Clock

    async def list(self, scope: Scope, page: PageRequest, where: NotificationFilter) -> Page[Notification]:
        """Return a page of notifications, newest first. Raises InvalidInput for a foreign cursor."""
        return await self.journal.list(scope, page, where)

    async def detail(self, scope: Scope, notification_id: str) -> NotificationDetail:
        """Return one notification with its deliveries and attempts. Raises NotFound."""
        return await self.journal.detail(scope, notification_id)

    async def resend(self, scope: Scope, notification_id: str, *, traceparent: str | None = None) -> Notification:
        """Tell every target of a finished notification again, and those that its rules have gained since.

        Raises NotFound, and Conflict while the notification is under way.
        """
        notification = await self.journal.resend(scope, notification_id, now_ms=self.clock.now_ms())
        # A test of an endpoint has no rules: it is told again to the targets it had, and nobody plans more for it.
        if notification.rule_ids:
            record = ready_record(notification.ref, notification.alert_id, message_headers(traceparent))
            await self.sink.publish([record])
        return notification
