"""Rules: what a client wants to be told about."""

from dataclasses import dataclass, replace

from alerting_core.app.request import client_of_call, retry_on_version_conflict
from alerting_core.domain.rule import Rule, RuleDraft, check_draft, new_rule, redrafted
from alerting_core.errors import InvalidInput
from alerting_core.ports.catalog import RuleFilter, RuleStore
from alerting_core.ports.clock import Clock, IdSource
from alerting_core.ports.paging import Page, PageRequest, Scope


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be done with rules. An *expected_version* of None takes whatever version is stored."""

    store: RuleStore
    clock: Clock
    ids: IdSource

    async def create(self, scope: Scope, client_id: str | None, draft: RuleDraft) -> Rule:
        """Store a new rule. Raises InvalidInput, NotFound (the client), Conflict (a duplicate), LimitExceeded."""
        require_sound(draft)
        owner = client_of_call(scope, client_id)
        rule = new_rule(draft, rule_id=self.ids.new_uuid(), client_id=owner, now_ms=self.clock.now_ms())
        return await self.store.create(rule)

    async def get(self, scope: Scope, rule_id: str) -> Rule:
        """Return one rule. Raises NotFound."""
        return await self.store.get(scope, rule_id)

    async def list(self, scope: Scope, page: PageRequest, where: RuleFilter) -> Page[Rule]:
        """Return a page of rules, newest first. Raises InvalidInput for a foreign cursor."""
        return await self.store.list(scope, page, where)

    async def replace(self, scope: Scope, rule_id: str, draft: RuleDraft, *, expected_version: int | None) -> Rule:
        """Put *draft* in the place of what is stored. Raises InvalidInput, NotFound, VersionConflict, Conflict."""
        require_sound(draft)
        return await retry_on_version_conflict(
            lambda: self.store.get(scope, rule_id),
            lambda rule, version: self.store.replace(
                scope, redrafted(rule, draft, now_ms=self.clock.now_ms()), expected_version=version
            ),
            expected_version=expected_version,
        )

    async def set_enabled(self, scope: Scope, rule_id: str, enabled: bool, *, expected_version: int | None) -> Rule:
        """Switch the rule on or off and leave the rest. Raises NotFound, VersionConflict."""
        return await retry_on_version_conflict(
            lambda: self.store.get(scope, rule_id),
            lambda rule, version: self.store.replace(
                scope, replace(rule, enabled=enabled, updated_at_ms=self.clock.now_ms()), expected_version=version
            ),
            expected_version=expected_version,
        )

    async def delete(self, scope: Scope, rule_id: str, *, expected_version: int | None) -> None:
        """Delete the rule and its endpoints. Raises NotFound, VersionConflict."""
        now_ms = self.clock.now_ms()
        await self.store.delete(scope, rule_id, expected_version=expected_version, now_ms=now_ms)


def require_sound(draft: RuleDraft) -> None:
    """Raise InvalidInput with all that is wrong with *draft*."""
    if problems := check_draft(draft):
        raise InvalidInput(problems)
