"""What clients, rules and endpoints come to, as plain dicts: the oracle of the stores."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from alerting_core import limits
from alerting_core.codec.records import RuleAction
from alerting_core.domain.client import Client
from alerting_core.domain.endpoint import Endpoint
from alerting_core.domain.rule import Rule
from alerting_core.errors import AlertingError, Conflict, LimitExceeded, NotFound, VersionConflict
from tests.contract.fixtures_catalog import RULES_MAX, Notice

Refused: TypeAlias = type[AlertingError]


@dataclass
class Model:
    """Each method returns what the store must return, or the class of the error that it must raise."""

    clients: dict[str, Client] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    told: Counter[Notice] = field(default_factory=Counter)

    def create_client(self, client: Client) -> Client | Refused:
        if client.client_id in self.clients:
            return Conflict
        self.clients[client.client_id] = client
        return client

    def delete_client(self, client_id: str) -> Refused | None:
        if self.clients.pop(client_id, None) is None:
            return NotFound
        for rule in [rule for rule in self.rules.values() if rule.client_id == client_id]:
            self._drop(rule)
        return None

    def create_rule(self, rule: Rule) -> Rule | Refused:
        if rule.client_id not in self.clients:
            return NotFound
        if self._is_double(rule):
            return Conflict
        if sum(other.client_id == rule.client_id for other in self.rules.values()) >= RULES_MAX:
            return LimitExceeded
        self.rules[rule.rule_id] = rule
        self._report(rule, RuleAction.CREATED)
        return rule

    def replace_rule(self, scope: str | None, rule: Rule, expected_version: int | None) -> Rule | Refused:
        stored = self.rules.get(rule.rule_id)
        if stored is None or scope not in {None, stored.client_id}:
            return NotFound
        if expected_version not in {None, stored.version}:
            return VersionConflict
        changed = replace(rule, client_id=stored.client_id, version=stored.version + 1)
        if self._is_double(changed):
            return Conflict
        self.rules[rule.rule_id] = changed
        self._report(changed, RuleAction.UPDATED if changed.enabled else RuleAction.DISABLED)
        return changed

    def delete_rule(self, scope: str | None, rule_id: str, expected_version: int | None) -> Refused | None:
        stored = self.rules.get(rule_id)
        if stored is None or scope not in {None, stored.client_id}:
            return NotFound
        if expected_version not in {None, stored.version}:
            return VersionConflict
        self._drop(stored)
        return None

    def create_endpoint(self, scope: str | None, endpoint: Endpoint) -> Endpoint | Refused:
        rule = self.rules.get(endpoint.rule_id)
        if rule is None or endpoint.client_id != rule.client_id or scope not in {None, rule.client_id}:
            return NotFound
        of_rule = [other for other in self.endpoints.values() if other.rule_id == rule.rule_id]
        if any((other.type, other.value) == (endpoint.type, endpoint.value) for other in of_rule):
            return Conflict
        if len(of_rule) >= limits.ENDPOINTS_PER_RULE_MAX:
            return LimitExceeded
        self.endpoints[endpoint.endpoint_id] = endpoint
        return endpoint

    def delete_endpoint(self, scope: str | None, endpoint_id: str, expected_version: int | None) -> Refused | None:
        stored = self.endpoints.get(endpoint_id)
        if stored is None or scope not in {None, stored.client_id}:
            return NotFound
        if expected_version not in {None, stored.version}:
            return VersionConflict
        del self.endpoints[endpoint_id]
        return None

    def _drop(self, rule: Rule) -> None:
        del self.rules[rule.rule_id]
        self.endpoints = {id_: e for id_, e in self.endpoints.items() if e.rule_id != rule.rule_id}
        self._report(rule, RuleAction.DELETED)

    def _report(self, rule: Rule, action: RuleAction) -> None:
        self.told[rule.client_id, rule.rule_id, action, rule.version] += 1

    def _is_double(self, rule: Rule) -> bool:
        mine = (rule.client_id, rule.severity, rule.source, rule.name)
        others = (other for other in self.rules.values() if other.rule_id != rule.rule_id)
        return any((other.client_id, other.severity, other.source, other.name) == mine for other in others)
