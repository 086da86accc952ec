"""Trying an endpoint out: a real message by the real path."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from alerting_core.domain.endpoint import Endpoint
from alerting_core.domain.ids import derive_notification_id
from alerting_core.domain.notification import NOTIFICATION_MOVES, Notification, NotificationStatus, settled_by
from alerting_core.domain.severity import Severity
from alerting_core.errors import Conflict
from alerting_core.ports.catalog import EndpointStore
from alerting_core.ports.clock import Clock
from alerting_core.ports.ids import IdSource
from alerting_core.ports.journal import Journal, NewNotification
from alerting_core.ports.paging import Scope
from alerting_core.stages.hosts import PLACEHOLDER_DOMAINS
from alerting_core.stages.plan import plan_deliveries

TEST_SOURCE: Final = "alerting"
TEST_NAME: Final = "endpoint-test"


@dataclass(frozen=True, slots=True)
class EndpointTest:
    """Sends test messages.

    Attributes:
        placeholders: Domains never contacted, as the dispatcher has them.
    """

    endpoints: EndpointStore
    journal: Journal
    clock: Clock
    ids: IdSource
    placeholders: Collection[str] = PLACEHOLDER_DOMAINS

    async def send(self, scope: Scope, endpoint_id: str) -> Notification:
        """Store a test notification for the endpoint; the ordinary sender delivers it, with retries and all.

        Returns:
            The notification, whose detail tells what became of it. It names no rule, since none matched.

        Raises:
            NotFound: There is no such endpoint.
            Conflict: The endpoint is disabled.
        """
        endpoint = await self.endpoints.get(scope, endpoint_id)
        if not endpoint.enabled:
            raise Conflict("the endpoint is disabled: enable it to test it")
        now_ms = self.clock.now_ms()
        notification = self._notification(endpoint, now_ms=now_ms)
        plan = plan_deliveries(notification, [endpoint], now_ms=now_ms, placeholders=self.placeholders)
        event = settled_by(delivery.status for delivery in plan.deliveries)
        if event is not None:
            notification = replace(notification, status=NOTIFICATION_MOVES[notification.status, event])
        await self.journal.add_test(scope, endpoint, NewNotification(notification, plan.deliveries))
        return notification

    def _notification(self, endpoint: Endpoint, *, now_ms: int) -> Notification:
        alert_id = f"{TEST_NAME}-{self.ids.new_uuid()}"
        return Notification(
            notification_id=derive_notification_id(endpoint.client_id, alert_id),
            client_id=endpoint.client_id,
            alert_id=alert_id,
            severity=Severity.LOW,
            source=TEST_SOURCE,
            name=TEST_NAME,
            event_ts=max(0, now_ms // 1_000),
            rule_ids=(),
            status=NotificationStatus.RECEIVED,
            created_at_ms=now_ms,
            updated_at_ms=now_ms,
            context={"message": "This is a test of your endpoint. No alert has occurred."},
        )
