"""Alerts explained, rules tried against them, and the notifications that came of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from alerting_core import limits
from alerting_core.app.catalog import client_of_call, require_sound
from alerting_core.codec.records import message_headers
from alerting_core.domain.alert import Alert
from alerting_core.domain.episode import EndedBy, ended_by
from alerting_core.domain.notification import Notification, NotificationKind
from alerting_core.domain.rule import Catches, Rule, RuleDraft, new_rule
from alerting_core.errors import NotFound
from alerting_core.matching.explain import (
    NOT_SHOWN,
    NOWHERE,
    Elsewhere,
    RuleExplanation,
    explain,
    patterns_that_meet,
)
from alerting_core.matching.index import RuleIndex
from alerting_core.ports.catalog import ClientStore, Page, PageRequest, RuleStore, Scope
from alerting_core.ports.clock import Clock
from alerting_core.ports.episodes import EpisodeStore
from alerting_core.ports.history import (
    AlertAccess,
    AlertFilter,
    AlertHistory,
    NotificationDetail,
    NotificationFilter,
    NotificationHistory,
    StoredAlert,
)
from alerting_core.ports.stream import Sink, ready_record

_DRAFT: Final = "draft"


@dataclass(frozen=True, slots=True)
class AlertDetail:
    """An alert with the notifications by which clients learned of it, newest first.

    Attributes:
        has_more: Whether there are more than are shown: the list of notifications has them, by alert_id.
        ended_by: What ended it; None while it fires, of an event, and once its alert has fired anew or is not kept.
    """

    stored: StoredAlert
    notifications: Sequence[Notification]
    has_more: bool
    ended_by: EndedBy | None


@dataclass(frozen=True, slots=True)
class ExplainedRule:
    """A rule with the decision about it."""

    rule: Rule
    explanation: RuleExplanation


@dataclass(frozen=True, slots=True)
class Explanation:
    """An alert and the decision about every rule of one client, as the rules are now.

    Attributes:
        rules: Those that match first, then the nearest: by the number of things that stood against it, then by rule_id.
    """

    stored: StoredAlert
    client_id: str
    rules: Sequence[ExplainedRule]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a draft rule would have matched.

    Attributes:
        examined: How many recent alerts it was tried against.
        matched: How many of them it matches.
        alerts: The latest of those, newest first.
    """

    examined: int
    matched: int
    alerts: Sequence[StoredAlert]


@dataclass(frozen=True, slots=True)
class Insight:
    """Looks at stored alerts beside rules."""

    clients: ClientStore
    rules: RuleStore
    log: AlertHistory
    history: NotificationHistory
    episodes: EpisodeStore

    async def alerts(self, access: AlertAccess, page: PageRequest, where: AlertFilter) -> Page[StoredAlert]:
        """Return a page of the alerts that may be seen, newest first. Raises InvalidInput for a foreign cursor."""
        return await self.log.list(access, page, where)

    async def alert(self, access: AlertAccess, alert_id: str, *, owner: str | None = None) -> AlertDetail:
        """Return one alert with the notifications of it that exist for the caller. Raises NotFound.

        Args:
            owner: Of which owner; see `AlertHistory.get`.
        """
        stored = await self._stored(access, alert_id, owner)
        page = PageRequest(limits.ALERT_NOTIFICATIONS_SHOWN_MAX)
        where = NotificationFilter(alert_id=alert_id, owner=stored.alert.owner, kind=NotificationKind.FIRING)
        made = await self.history.list(access.scope, page, where)
        return AlertDetail(stored, made.items, made.next_cursor is not None, await self._ended_by(stored))

    async def explain(
        self, access: AlertAccess, alert_id: str, client_id: str | None = None, *, owner: str | None = None
    ) -> Explanation:
        """Say for each rule of a client why it matches the alert or does not.

        Args:
            client_id: Whose rules.
            owner: Of the alert; see `AlertHistory.get`.

        Raises:
            InvalidInput: An operator names no client.
            NotFound: There is no such client, or no such alert (any more).
        """
        whose = client_of_call(access.scope, client_id)
        await self.clients.get(access.scope, whose)
        stored = await self._stored(access, alert_id, owner)
        rules = {rule.rule_id: rule for rule in await self.rules.all_of(whose)}
        elsewhere = await self._elsewhere(access.scope, stored.alert, rules.values())
        decided = sorted(explain(stored.alert, rules.values(), elsewhere), key=_nearest_first)
        return Explanation(stored, whose, [ExplainedRule(rules[one.rule_id], one) for one in decided])

    async def preview(
        self, access: AlertAccess, draft: RuleDraft, *, shown_max: int = limits.PAGE_ITEMS_DEFAULT
    ) -> Preview:
        """Try a rule, enabled or not, against the recent alerts that may be seen. Raises InvalidInput.

        One that catches more than its pattern is tried against those that are shared: it is not known whose it will be.
        """
        require_sound(draft, access.scope)
        recent = await self.log.recent(access, limit=limits.PREVIEW_ALERTS_MAX)
        if draft.is_catch_all:
            recent = [stored for stored in recent if not stored.alert.owner]
        index = RuleIndex()
        if draft.catches is Catches.UNMATCHED:
            patterns = {pattern for stored in recent for pattern in patterns_that_meet(stored.alert)}
            index.load((await self.rules.having(patterns)).values())
        index.add(replace(new_rule(draft, rule_id=_DRAFT, client_id=_DRAFT, now_ms=0), enabled=True))
        matched = [stored for stored in recent if _DRAFT in _met_by(index, stored.alert)]
        return Preview(examined=len(recent), matched=len(matched), alerts=matched[:shown_max])

    async def _ended_by(self, stored: StoredAlert) -> EndedBy | None:
        alert = stored.alert
        if alert.ends_at is None:
            return None
        key = (alert.owner, alert.fingerprint)
        return ended_by(alert, (await self.episodes.load([key])).get(key))

    async def _elsewhere(self, scope: Scope, alert: Alert, rules: Iterable[Rule]) -> Elsewhere:
        """Return what is to be said of the rules of other clients: to a client nothing."""
        if scope is not None:
            return NOT_SHOWN
        if alert.owner or all(rule.catches is not Catches.UNMATCHED for rule in rules):
            return NOWHERE
        meeting = await self.rules.having(patterns_that_meet(alert))
        return Elsewhere(rule=next(iter(meeting.values()), None))

    async def _stored(self, access: AlertAccess, alert_id: str, owner: str | None) -> StoredAlert:
        stored = await self.log.get(access, alert_id, owner=owner)
        if stored is None:
            raise NotFound("there is no such alert, or it is no longer kept")
        return stored


def _met_by(index: RuleIndex, alert: Alert) -> Sequence[str]:
    """Return which rules of the client of the draft *alert* meets."""
    return index.match(alert.severity, alert.source, alert.name).get(_DRAFT, ())


def _nearest_first(explanation: RuleExplanation) -> tuple[bool, int, str]:
    return (not explanation.matched, len(explanation.findings), explanation.rule_id)


@dataclass(frozen=True, slots=True)
class Notifications:
    """What may be done with notifications."""

    history: NotificationHistory
    sink: Sink
    clock: Clock

    async def list(self, scope: Scope, page: PageRequest, where: NotificationFilter) -> Page[Notification]:
        """Return a page of notifications, newest first. Raises InvalidInput for a foreign cursor."""
        return await self.history.list(scope, page, where)

    async def detail(self, scope: Scope, notification_id: str) -> NotificationDetail:
        """Return one notification with its deliveries and attempts. Raises NotFound."""
        return await self.history.detail(scope, notification_id)

    async def resend(self, scope: Scope, notification_id: str, *, traceparent: str | None = None) -> Notification:
        """Tell every target of a finished notification again, and those that its rules have gained since.

        Raises NotFound, and Conflict while the notification is under way.
        """
        notification = await self.history.resend(scope, notification_id, now_ms=self.clock.now_ms())
        # A test of an endpoint has no rules: it is told again to the targets it had, and nobody plans more for it.
        if notification.rule_ids:
            record = ready_record(notification.ref, notification.alert_id, message_headers(traceparent))
            await self.sink.publish([record])
        return notification
