"""Rules: what a client wants to be told about."""

from dataclasses import dataclass, replace

from alerting_core.app.owner import owner_of
from alerting_core.app.retrying import retry_on_version_conflict
from alerting_core.domain.rule import Rule, check_rule
from alerting_core.errors import InvalidInput
from alerting_core.ports.catalog import RuleFilter, RuleStore
from alerting_core.ports.clock import Clock
from alerting_core.ports.ids import IdSource
from alerting_core.ports.paging import Page, PageRequest, Scope


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """What a caller chooses of a rule. `enabled` None: enabled when new, otherwise as it is."""

    severity: str
    source: str
    name: str
    enabled: bool | None = None

    def check(self) -> None:
        """Raise InvalidInput with all that is wrong."""
        if problems := check_rule(self.severity, self.source, self.name):
            raise InvalidInput(problems)


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be done with rules. An *expected_version* of None takes whatever version is stored."""

    store: RuleStore
    clock: Clock
    ids: IdSource

    async def create(self, scope: Scope, client_id: str | None, draft: RuleDraft) -> Rule:
        """Store a new rule. Raises InvalidInput, NotFound (the client), Conflict (a duplicate), LimitExceeded."""
        draft.check()
        owner = owner_of(scope, client_id)
        now_ms = self.clock.now_ms()
        return await self.store.create(
            Rule(
                rule_id=self.ids.new_uuid(),
                client_id=owner,
                severity=draft.severity,
                source=draft.source,
                name=draft.name,
                enabled=draft.enabled is not False,
                version=1,
                created_at_ms=now_ms,
                updated_at_ms=now_ms,
            )
        )

    async def get(self, scope: Scope, rule_id: str) -> Rule:
        """Return one rule. Raises NotFound."""
        return await self.store.get(scope, rule_id)

    async def list(self, scope: Scope, page: PageRequest, where: RuleFilter) -> Page[Rule]:
        """Return a page of rules, newest first. Raises InvalidInput for a foreign cursor."""
        return await self.store.list(scope, page, where)

    async def replace(self, scope: Scope, rule_id: str, draft: RuleDraft, *, expected_version: int | None) -> Rule:
        """Put *draft* in the place of what is stored. Raises InvalidInput, NotFound, VersionConflict, Conflict."""
        draft.check()

        def changed(rule: Rule) -> Rule:
            enabled = rule.enabled if draft.enabled is None else draft.enabled
            return replace(rule, severity=draft.severity, source=draft.source, name=draft.name, enabled=enabled)

        return await retry_on_version_conflict(
            lambda: self.store.get(scope, rule_id),
            lambda rule, version: self.store.replace(scope, self._now(changed(rule)), expected_version=version),
            expected_version=expected_version,
        )

    async def set_enabled(self, scope: Scope, rule_id: str, enabled: bool, *, expected_version: int | None) -> Rule:
        """Switch the rule on or off and leave the rest. Raises NotFound, VersionConflict."""
        return await retry_on_version_conflict(
            lambda: self.store.get(scope, rule_id),
            lambda rule, version: self.store.replace(
                scope, self._now(replace(rule, enabled=enabled)), expected_version=version
            ),
            expected_version=expected_version,
        )

    async def delete(self, scope: Scope, rule_id: str, *, expected_version: int | None) -> None:
        """Delete the rule and its endpoints. Raises NotFound, VersionConflict."""
        now_ms = self.clock.now_ms()
        await self.store.delete(scope, rule_id, expected_version=expected_version, now_ms=now_ms)

    def _now(self, rule: Rule) -> Rule:
        return replace(rule, updated_at_ms=self.clock.now_ms())
