"""Rules in memory, and bulk loads of whole clients."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from alerting_core import limits
from alerting_core.codec.records import RuleAction
from alerting_core.domain.client import Client
from alerting_core.domain.endpoint import Endpoint
from alerting_core.domain.rule import Pattern, Rule, next_rule_version
from alerting_core.errors import Conflict, LimitExceeded, NotFound, VersionConflict
from alerting_core.memory.clients import add_endpoint, add_rule, append_change, remove_rule
from alerting_core.memory.database import MemoryDatabase, newest_first
from alerting_core.ports.catalog import (
    CATCH_ALLS_EXCEEDED,
    Loaded,
    Page,
    PageRequest,
    Progress,
    RuleFilter,
    Scope,
    TimeKey,
)


class MemoryRuleStore:
    """Stores rules and tells of their changes."""

    def __init__(self, database: MemoryDatabase, *, rules_per_client_max: int = limits.RULES_PER_CLIENT_MAX) -> None:
        self._database = database
        self._rules_per_client_max = rules_per_client_max

    async def create(self, rule: Rule, *, by_operator: bool = False) -> Rule:
        """Store a new rule."""
        assert by_operator or not rule.is_catch_all, "what is given to a store has been checked"
        if rule.client_id not in self._database.clients:
            raise NotFound("there is no such client")
        self._check_unique(rule)
        if len(self._ids_of(rule.client_id)) >= self._rules_per_client_max:
            raise LimitExceeded(f"a client has at most {self._rules_per_client_max} rules")
        self._check_catch_alls(rule)
        add_rule(self._database, rule)
        return rule

    async def get(self, scope: Scope, rule_id: str) -> Rule:
        """Return one rule."""
        rule = self._database.rules.get(rule_id)
        if rule is None or scope not in {None, rule.client_id}:
            raise NotFound("there is no such rule")
        return rule

    async def list(self, scope: Scope, page: PageRequest, where: RuleFilter) -> Page[Rule]:
        """Return a page of rules."""
        found = (r for r in self._database.rules.values() if scope in {None, r.client_id} and _meets(r, where))
        return newest_first("rules", found, lambda rule: TimeKey(rule.created_at_ms, rule.rule_id), page)

    async def all_of(self, client_id: str) -> Sequence[Rule]:
        """Return every rule of one client."""
        return [self._database.rules[rule_id] for rule_id in self._ids_of(client_id)]

    async def having(self, patterns: Collection[Pattern]) -> Mapping[Pattern, Rule]:
        """Return for each of *patterns* one enabled rule with just this pattern."""
        rules = (rule for rule in self._database.rules.values() if rule.enabled and not rule.is_catch_all)
        wanted = frozenset(patterns)
        return {rule.pattern: rule for rule in rules if rule.pattern in wanted}

    async def replace(self, scope: Scope, rule: Rule, *, expected_version: int | None) -> Rule:
        """Store the changed fields."""
        stored = await self._at_version(scope, rule.rule_id, expected_version)
        changed = next_rule_version(stored, rule)
        self._check_unique(changed)
        self._check_catch_alls(changed)
        self._database.rules[rule.rule_id] = changed
        append_change(self._database, changed, RuleAction.UPDATED if changed.enabled else RuleAction.DISABLED)
        return changed

    async def delete(self, scope: Scope, rule_id: str, *, expected_version: int | None, now_ms: int) -> None:
        """Delete the rule and its endpoints."""
        remove_rule(self._database, await self._at_version(scope, rule_id, expected_version))

    async def _at_version(self, scope: Scope, rule_id: str, expected_version: int | None) -> Rule:
        rule = await self.get(scope, rule_id)
        if expected_version not in {None, rule.version}:
            raise VersionConflict("the rule was changed meanwhile", current_version=rule.version)
        return rule

    def _ids_of(self, client_id: str) -> Sequence[str]:
        return list(self._database.rules_of_client.get(client_id, {}))

    def _check_catch_alls(self, rule: Rule) -> None:
        if not rule.is_catch_all:
            return
        others = sum(one.is_catch_all and one.rule_id != rule.rule_id for one in self._database.rules.values())
        if others >= limits.CATCH_ALL_RULES_MAX:
            raise LimitExceeded(CATCH_ALLS_EXCEEDED)

    def _check_unique(self, rule: Rule) -> None:
        if rule.rule_id in self._database.rules and rule.version == 1:
            raise Conflict("there is a rule with this rule_id already")
        for rule_id in self._ids_of(rule.client_id):
            if rule_id != rule.rule_id and self._database.rules[rule_id].pattern == rule.pattern:
                raise Conflict("the client has a rule with the same severity, source and name already")


def _meets(rule: Rule, where: RuleFilter) -> bool:
    text = None if where.text is None else where.text.lower()
    return (
        where.client_id in {None, rule.client_id}
        and where.severity in {None, rule.severity}
        and where.enabled in {None, rule.enabled}
        and where.catches in {None, rule.catches}
        and (text is None or text in rule.source.lower() or text in rule.name.lower())
    )


class MemoryBulkLoader:
    """Loads test data."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def load(
        self,
        clients: Iterable[Client],
        rules: Iterable[Rule],
        endpoints: Iterable[Endpoint],
        *,
        beside_other_data: bool = False,
        progress: Progress | None = None,
    ) -> Loaded:
        """Store what is not stored yet."""
        new_clients = {client.client_id: client for client in clients}
        if not beside_other_data and self._database.clients.keys() - new_clients.keys():
            raise Conflict("there are other clients in the database")
        loaded = Loaded(self._add_clients(new_clients), 0, 0)
        report = progress or _ignore
        report(loaded)
        loaded = Loaded(loaded.clients, self._add_rules(rules), 0)
        report(loaded)
        loaded = Loaded(loaded.clients, loaded.rules, self._add_endpoints(endpoints))
        report(loaded)
        return loaded

    def _add_clients(self, clients: dict[str, Client]) -> int:
        before = len(self._database.clients)
        for client_id, client in clients.items():
            self._database.clients.setdefault(client_id, client)
        return len(self._database.clients) - before

    def _add_rules(self, rules: Iterable[Rule]) -> int:
        patterns = {(rule.client_id, rule.pattern) for rule in self._database.rules.values()}
        before = len(self._database.rules)
        for rule in rules:
            known = rule.rule_id in self._database.rules or (rule.client_id, rule.pattern) in patterns
            if rule.client_id in self._database.clients and not known:
                patterns.add((rule.client_id, rule.pattern))
                add_rule(self._database, rule)
        return len(self._database.rules) - before

    def _add_endpoints(self, endpoints: Iterable[Endpoint]) -> int:
        before = len(self._database.endpoints)
        for endpoint in endpoints:
            same_rule = self._database.endpoints_of_rule.get(endpoint.rule_id, {})
            others = map(self._database.endpoints.__getitem__, same_rule)
            if endpoint.rule_id in self._database.rules and not any(
                (o.type, o.value) == (endpoint.type, endpoint.value) or o.endpoint_id == endpoint.endpoint_id
                for o in others
            ):
                add_endpoint(self._database, endpoint)
        return len(self._database.endpoints) - before


def _ignore(_loaded: Loaded) -> None:
    """Tell nobody."""
