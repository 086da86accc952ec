"""Why an alert met a rule or did not, and what a rule would have met."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from alerting_core import limits
from alerting_core.app.owner import owner_of
from alerting_core.app.rules import require_sound
from alerting_core.domain.notification import Notification
from alerting_core.domain.rule import Rule, RuleDraft, new_rule
from alerting_core.errors import NotFound
from alerting_core.matching.explain import RuleExplanation, explain
from alerting_core.matching.index import RuleIndex
from alerting_core.ports.alerts import AlertFilter, AlertLog, StoredAlert
from alerting_core.ports.catalog import ClientStore, RuleStore
from alerting_core.ports.journal import Journal, NotificationFilter
from alerting_core.ports.paging import Page, PageRequest, Scope

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
    journal: Journal

    async def alerts(self, page: PageRequest, where: AlertFilter) -> Page[StoredAlert]:
        """Return a page of the alerts that are kept, newest first. Raises InvalidInput for a foreign cursor."""
        return await self.log.list(page, where)

    async def alert(self, scope: Scope, alert_id: str) -> AlertDetail:
        """Return one alert with the notifications of it that exist for *scope*. Raises NotFound."""
        stored = await self._stored(alert_id)
        page = PageRequest(limits.ALERT_NOTIFICATIONS_SHOWN_MAX)
        made = await self.journal.list(scope, page, NotificationFilter(alert_id=alert_id))
        return AlertDetail(stored, made.items, made.next_cursor is not None)

    async def explain(self, scope: Scope, alert_id: str, client_id: str | None = None) -> Explanation:
        """Say for each rule of a client why it matches the alert or does not.

        Raises:
            InvalidInput: An operator names no client.
            NotFound: There is no such client, or no such alert (any more).
        """
        owner = owner_of(scope, client_id)
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
