"""Alerts, taken in and explained, and the notifications that came of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from alerting_core import limits
from alerting_core.app.catalog import client_of_call, require_sound
from alerting_core.codec.records import message_headers
from alerting_core.domain.alert import SEVERITY_NAMES, Alert, Severity, check_alert
from alerting_core.domain.notification import Notification
from alerting_core.domain.rule import Rule, RuleDraft, new_rule
from alerting_core.errors import InvalidInput, NotFound, Problem, ProblemCode
from alerting_core.matching.explain import RuleExplanation, explain
from alerting_core.matching.index import RuleIndex
from alerting_core.ports.catalog import ClientStore, Page, PageRequest, RuleStore, Scope
from alerting_core.ports.clock import Clock, IdSource
from alerting_core.ports.history import (
    AlertFilter,
    AlertLog,
    NotificationDetail,
    NotificationFilter,
    NotificationHistory,
    StoredAlert,
)
from alerting_core.ports.stream import Outgoing, Sink, alert_record, ready_record


@dataclass(frozen=True, slots=True)
class AlertDraft:
    """An alert as a caller sends it.

    Attributes:
        severity: None when the source names none that is known: only rules with `*` meet it.
        alert_id: None to have one made.
        event_ts: Unix seconds; None for now.
    """

    severity: str | None
    source: str
    name: str
    context: Mapping[str, str] = field(default_factory=dict[str, str])
    alert_id: str | None = None
    event_ts: int | None = None


@dataclass(frozen=True, slots=True)
class AlertIntake:
    """The way in for alerts."""

    sink: Sink
    clock: Clock
    ids: IdSource

    def check(self, draft: AlertDraft) -> tuple[Problem, ...]:
        """Return all that is wrong with *draft*; empty when `submit` would take it."""
        return (*_check_severity(draft.severity), *check_alert(self._alert(draft, 0)))

    async def submit(
        self, drafts: Sequence[AlertDraft], *, path: str = "alerts[{}]", traceparent: str | None = None
    ) -> tuple[str, ...]:
        """Publish *drafts*, all or none, and return their alert_ids in order; they are durable on return.

        Args:
            drafts: 1 to `limits.ALERTS_PER_REQUEST_MAX` of them.
            path: Where in the request draft number `{}` stood, for problems; empty when the request was the draft.
            traceparent: The caller's trace, which the alerts carry on.

        Raises:
            InvalidInput: With every problem of every draft; nothing is published.
            PortUnavailable: The log is away; any part may have been published. To send the same alert_ids again is
                safe.
        """
        _check_count(drafts)
        now_s = max(0, self.clock.now_ms() // 1000)
        problems: list[Problem] = []
        outputs: list[Outgoing] = []
        headers = message_headers(traceparent)
        for index, draft in enumerate(drafts):
            alert = self._alert(draft, now_s)
            found = [*_check_severity(draft.severity), *check_alert(alert)]
            if not found:
                outputs.append(alert_record(alert, headers))
            problems += [problem.under(path.format(index)) if path else problem for problem in found]
        if problems:
            raise InvalidInput(problems)
        await self.sink.publish(outputs)
        return tuple(output.key.decode() for output in outputs)

    def _alert(self, draft: AlertDraft, now_s: int) -> Alert:
        return Alert(
            alert_id=self.ids.new_uuid() if draft.alert_id is None else draft.alert_id,
            severity=Severity[draft.severity] if draft.severity in SEVERITY_NAMES else Severity.UNSPECIFIED,
            source=draft.source,
            name=draft.name,
            event_ts=now_s if draft.event_ts is None else draft.event_ts,
            context=draft.context,
        )


def _check_count(drafts: Sequence[AlertDraft]) -> None:
    if not drafts:
        raise InvalidInput([Problem("alerts", ProblemCode.EMPTY, "send at least one alert")])
    if len(drafts) > limits.ALERTS_PER_REQUEST_MAX:
        detail = f"has {len(drafts)} alerts, at most {limits.ALERTS_PER_REQUEST_MAX} are allowed in one request"
        raise InvalidInput([Problem("alerts", ProblemCode.TOO_MANY, detail)])


def _check_severity(severity: str | None) -> Sequence[Problem]:
    if severity is None or severity in SEVERITY_NAMES:
        return ()
    return (Problem("severity", ProblemCode.UNKNOWN_VALUE, f"must be one of {', '.join(SEVERITY_NAMES)}"),)


_DRAFT: Final = "draft"


@dataclass(frozen=True, slots=True)
class AlertDetail:
    """An alert with the notifications that were made of it, newest first.

    Attributes:
        has_more: Whether there are more than are shown: the list of notifications has them, by alert_id.
    """

    stored: StoredAlert
    notifications: Sequence[Notification]
    has_more: bool


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
    log: AlertLog
    history: NotificationHistory

    async def alerts(self, page: PageRequest, where: AlertFilter) -> Page[StoredAlert]:
        """Return a page of the alerts that are kept, newest first. Raises InvalidInput for a foreign cursor."""
        return await self.log.list(page, where)

    async def alert(self, scope: Scope, alert_id: str) -> AlertDetail:
        """Return one alert with the notifications of it that exist for *scope*. Raises NotFound."""
        stored = await self._stored(alert_id)
        page = PageRequest(limits.ALERT_NOTIFICATIONS_SHOWN_MAX)
        made = await self.history.list(scope, page, NotificationFilter(alert_id=alert_id))
        return AlertDetail(stored, made.items, made.next_cursor is not None)

    async def explain(self, scope: Scope, alert_id: str, client_id: str | None = None) -> Explanation:
        """Say for each rule of a client why it matches the alert or does not.

        Raises:
            InvalidInput: An operator names no client.
            NotFound: There is no such client, or no such alert (any more).
        """
        owner = client_of_call(scope, client_id)
        await self.clients.get(scope, owner)
        stored = await self._stored(alert_id)
        rules = {rule.rule_id: rule for rule in await self.rules.all_of(owner)}
        decided = sorted(explain(stored.alert, rules.values()), key=_nearest_first)
        return Explanation(stored, owner, [ExplainedRule(rules[one.rule_id], one) for one in decided])

    async def preview(self, draft: RuleDraft, *, shown_max: int = limits.PAGE_ITEMS_DEFAULT) -> Preview:
        """Try a rule, enabled or not, against the recent alerts. Raises InvalidInput."""
        require_sound(draft)
        recent = await self.log.recent(limit=limits.PREVIEW_ALERTS_MAX)
        index = RuleIndex()
        index.add(replace(new_rule(draft, rule_id=_DRAFT, client_id=_DRAFT, now_ms=0), enabled=True))
        matched = [s for s in recent if index.match(s.alert.severity, s.alert.source, s.alert.name)]
        return Preview(examined=len(recent), matched=len(matched), alerts=matched[:shown_max])

    async def _stored(self, alert_id: str) -> StoredAlert:
        stored = await self.log.get(alert_id)
        if stored is None:
            raise NotFound("there is no such alert, or it is no longer kept")
        return stored


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
