"""Alerts, taken in and explained, and the notifications that came of them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
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
    AlertAccess,
    AlertFilter,
    AlertHistory,
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
        client_id: The client that the alert is to be private to; None: the sender when that is a client, and of an
            operator's none, so that the alert is shared.
    """

    severity: str | None
    source: str
    name: str
    context: Mapping[str, str] = field(default_factory=dict[str, str])
    alert_id: str | None = None
    event_ts: int | None = None
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class AlertIntake:
    """The way in for alerts: what a client sends is private to it."""

    clients: ClientStore
    sink: Sink
    clock: Clock
    ids: IdSource

    def check(self, scope: Scope, draft: AlertDraft) -> tuple[Problem, ...]:
        """Return all that is wrong with *draft*; empty when `submit` would take it, if the client it names is there."""
        return tuple(_problems(scope, draft, self._alert(scope, draft, 0)))

    async def submit(
        self, scope: Scope, drafts: Sequence[AlertDraft], *, path: str = "alerts[{}]", traceparent: str | None = None
    ) -> tuple[str, ...]:
        """Publish *drafts*, all or none, and return their alert_ids in order; they are durable on return.

        Args:
            scope: Who sends them.
            drafts: 1 to `limits.ALERTS_PER_REQUEST_MAX` of them.
            path: Where in the request draft number `{}` stood, for problems; empty when the request was the draft.
            traceparent: The caller's trace, which the alerts carry on.

        Raises:
            InvalidInput: With every problem of every draft; nothing is published.
            PortUnavailable: The log is away, any part may have been published; or clients that an operator names cannot
                be looked up. To send the same alert_ids again is safe.
        """
        _check_count(drafts)
        unknown = await self._unknown_clients(scope, drafts)
        now_s = max(0, self.clock.now_ms() // 1000)
        problems: list[Problem] = []
        outputs: list[Outgoing] = []
        headers = message_headers(traceparent)
        for index, draft in enumerate(drafts):
            alert = self._alert(scope, draft, now_s)
            found = list(_problems(scope, draft, alert))
            if not found and draft.client_id in unknown:
                found.append(Problem("client_id", ProblemCode.UNKNOWN_VALUE, "there is no such client"))
            if not found:
                outputs.append(alert_record(alert, headers))
            problems += [problem.under(path.format(index)) if path else problem for problem in found]
        if problems:
            raise InvalidInput(problems)
        await self.sink.publish(outputs)
        return tuple(output.key.decode() for output in outputs)

    async def _unknown_clients(self, scope: Scope, drafts: Sequence[AlertDraft]) -> Collection[str]:
        """Return those that an operator names and that do not exist; a client that sends is there."""
        unknown: set[str] = set()
        for client_id in {draft.client_id for draft in drafts if draft.client_id} if scope is None else ():
            try:
                await self.clients.get(None, client_id)
            except NotFound:
                unknown.add(client_id)
        return unknown

    def _alert(self, scope: Scope, draft: AlertDraft, now_s: int) -> Alert:
        return Alert(
            alert_id=self.ids.new_uuid() if draft.alert_id is None else draft.alert_id,
            severity=Severity[draft.severity] if draft.severity in SEVERITY_NAMES else Severity.UNSPECIFIED,
            source=draft.source,
            name=draft.name,
            event_ts=now_s if draft.event_ts is None else draft.event_ts,
            context=draft.context,
            owner=(draft.client_id or "") if scope is None else scope,
        )


def _problems(scope: Scope, draft: AlertDraft, alert: Alert) -> Iterator[Problem]:
    """Yield what is wrong with *draft*, of which *alert* was made."""
    yield from _check_severity(draft.severity)
    yield from _check_owner(scope, draft)
    yield from check_alert(alert)


def _check_owner(scope: Scope, draft: AlertDraft) -> Sequence[Problem]:
    # The same answer whether there is such a client or not.
    if scope is None or draft.client_id in {None, scope}:
        return ()
    detail = "leave it out: what a client's key sends is private to that client"
    return (Problem("client_id", ProblemCode.RESERVED, detail),)


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
    log: AlertHistory
    history: NotificationHistory

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
        where = NotificationFilter(alert_id=alert_id, owner=stored.alert.owner)
        made = await self.history.list(access.scope, page, where)
        return AlertDetail(stored, made.items, made.next_cursor is not None)

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
        decided = sorted(explain(stored.alert, rules.values()), key=_nearest_first)
        return Explanation(stored, whose, [ExplainedRule(rules[one.rule_id], one) for one in decided])

    async def preview(
        self, access: AlertAccess, draft: RuleDraft, *, shown_max: int = limits.PAGE_ITEMS_DEFAULT
    ) -> Preview:
        """Try a rule, enabled or not, against the recent alerts that may be seen. Raises InvalidInput."""
        require_sound(draft)
        recent = await self.log.recent(access, limit=limits.PREVIEW_ALERTS_MAX)
        index = RuleIndex()
        index.add(replace(new_rule(draft, rule_id=_DRAFT, client_id=_DRAFT, now_ms=0), enabled=True))
        matched = [s for s in recent if index.match(s.alert.severity, s.alert.source, s.alert.name)]
        return Preview(examined=len(recent), matched=len(matched), alerts=matched[:shown_max])

    async def _stored(self, access: AlertAccess, alert_id: str, owner: str | None) -> StoredAlert:
        stored = await self.log.get(access, alert_id, owner=owner)
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
