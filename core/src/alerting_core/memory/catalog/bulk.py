"""Bulk loads in memory."""

from collections.abc import Iterable

from alerting_core.domain.client import Client
from alerting_core.domain.endpoint import Endpoint
from alerting_core.domain.rule import Rule
from alerting_core.errors import Conflict
from alerting_core.memory.catalog.tables import add_endpoint, add_rule
from alerting_core.memory.database import MemoryDatabase
from alerting_core.ports.catalog import Loaded, Progress


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
