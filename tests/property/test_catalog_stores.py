"""Whatever is done in whatever order, the stores come to the same as plain dicts."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from alerting_backend.adapters.postgres.connection import open_pools
from alerting_core.domain.rule import Rule
from alerting_core.errors import AlertingError
from alerting_core.memory.database import MemoryDatabase
from alerting_core.memory.rules import MemoryRuleStore
from alerting_core.ports.catalog import EndpointFilter, Page, PageRequest, RuleFilter
from tests.contract.fixtures_catalog import RULES_MAX, Catalog, on_memory, on_postgres
from tests.property.catalog_model import Model, Refused
from tests.support.catalog import NOW_MS, make_client, make_endpoint, make_rule, new_uuid, walk
from tests.support.postgres.cluster import Cluster

T = TypeVar("T")

Opened = Callable[[], AbstractAsyncContextManager[Catalog]]

CLIENT_IDS = st.sampled_from(["acme", "Acme", "globex"])
SCOPES = st.none() | CLIENT_IDS
VERSIONS = st.none() | st.integers(1, 4)
FIELDS = st.fixed_dictionaries(
    {
        "severity": st.sampled_from(["LOW", "HIGH", "*"]),
        "source": st.sampled_from(["api", "API", "db"]),
        "name": st.sampled_from(["timeout", "*"]),
        "enabled": st.booleans(),
        "created_at_ms": st.integers(NOW_MS, NOW_MS + 2),
    }
)
VALUES = st.sampled_from(["https://a.acme.io", "https://b.acme.io"])


class CatalogMachine(RuleBasedStateMachine):
    """Does the same to a catalog and to the model."""

    rule_ids = Bundle("rule_ids")
    endpoint_ids = Bundle("endpoint_ids")

    def __init__(self, opened: Opened) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.context = opened()
        self.catalog = self.runner.run(self.context.__aenter__())
        self.model = Model()

    def teardown(self) -> None:
        self.runner.run(self.context.__aexit__(None, None, None))
        self.runner.close()

    def both(self, call: Coroutine[Any, Any, T], expected: T | Refused) -> None:
        """Run *call*; it must return, or refuse, what the model said."""
        try:
            got: T | Refused = self.runner.run(call)
        except AlertingError as error:
            got = type(error)
        assert got == expected

    @initialize()
    def start_with_a_client(self) -> None:
        self.create_client("acme")

    @rule(client_id=CLIENT_IDS)
    def create_client(self, client_id: str) -> None:
        client = make_client(client_id)
        self.both(self.catalog.clients.create(client), self.model.create_client(client))

    @rule(client_id=CLIENT_IDS, really=st.integers(0, 3))
    def delete_client(self, client_id: str, really: int) -> None:
        if really:  # It takes so much along that little would be left to look at.
            return
        self.both(self.catalog.clients.delete(client_id, now_ms=NOW_MS), self.model.delete_client(client_id))

    @rule(target=rule_ids, client_id=CLIENT_IDS, fields=FIELDS)
    def create_rule(self, client_id: str, fields: dict[str, Any]) -> Any:
        made = make_rule(client_id, **fields)
        self.both(self.catalog.rules.create(made), self.model.create_rule(made))
        return made.rule_id if made.rule_id in self.model.rules else multiple()

    @rule(rule_id=rule_ids, scope=SCOPES, fields=FIELDS, version=VERSIONS)
    def replace_rule(self, rule_id: str, scope: str | None, fields: dict[str, Any], version: int | None) -> None:
        stored = self.model.rules.get(rule_id)
        created_at_ms = stored.created_at_ms if stored else NOW_MS
        new = make_rule(rule_id=rule_id, **fields | {"created_at_ms": created_at_ms})
        expected = self.model.replace_rule(scope, new, version)
        self.both(self.catalog.rules.replace(scope, new, expected_version=version), expected)

    @rule(rule_id=rule_ids, scope=SCOPES, version=VERSIONS)
    def delete_rule(self, rule_id: str, scope: str | None, version: int | None) -> None:
        call = self.catalog.rules.delete(scope, rule_id, expected_version=version, now_ms=NOW_MS)
        self.both(call, self.model.delete_rule(scope, rule_id, version))

    @rule(target=endpoint_ids, rule_id=rule_ids, client_id=CLIENT_IDS, scope=SCOPES, value=VALUES)
    def create_endpoint(self, rule_id: str, client_id: str, scope: str | None, value: str) -> Any:
        owner = self.model.rules.get(rule_id) or make_rule(client_id, rule_id=rule_id)
        endpoint = make_endpoint(owner, value=value, endpoint_id=new_uuid())
        expected = self.model.create_endpoint(scope, endpoint)
        self.both(self.catalog.endpoints.create(scope, endpoint), expected)
        return endpoint.endpoint_id if endpoint.endpoint_id in self.model.endpoints else multiple()

    @rule(endpoint_id=endpoint_ids, scope=SCOPES, version=VERSIONS)
    def delete_endpoint(self, endpoint_id: str, scope: str | None, version: int | None) -> None:
        expected = self.model.delete_endpoint(scope, endpoint_id, version)
        self.both(self.catalog.endpoints.delete(scope, endpoint_id, expected_version=version), expected)

    @rule(scope=SCOPES, limit=st.integers(1, 4), enabled=st.none() | st.booleans())
    def walk_the_rules(self, scope: str | None, limit: int, enabled: bool | None) -> None:
        where = RuleFilter(enabled=enabled)
        seen = self.runner.run(walk(lambda page: self.catalog.rules.list(scope, page, where), limit=limit))
        wanted = [r for r in self.model.rules.values() if scope in {None, r.client_id} and enabled in {None, r.enabled}]
        assert seen == sorted(wanted, key=lambda r: (r.created_at_ms, r.rule_id), reverse=True)

    @invariant()
    def everything_is_the_same(self) -> None:
        self.runner.run(self._compare())

    async def _compare(self) -> None:
        clients = await walk(lambda page: self.catalog.clients.list(None, page), limit=200)
        assert clients == sorted(self.model.clients.values(), key=lambda client: client.client_id)
        for client_id in self.model.clients:
            rules = {r.rule_id: r for r in await self.catalog.rules.all_of(client_id)}
            assert rules == {id_: r for id_, r in self.model.rules.items() if r.client_id == client_id}
        endpoints = await walk(lambda page: self.catalog.endpoints.list(None, page, EndpointFilter()), limit=200)
        assert {e.endpoint_id: e for e in endpoints} == self.model.endpoints
        assert Counter(await self.catalog.told()) == self.model.told


@asynccontextmanager
async def in_memory() -> AsyncIterator[Catalog]:
    """Open an empty catalog in memory."""
    yield on_memory()


def test_the_stores_in_memory_come_to_the_same_as_plain_dicts() -> None:
    run_state_machine_as_test(lambda: CatalogMachine(in_memory), settings=settings(stateful_step_count=40))


def test_the_stores_on_postgres_come_to_the_same_as_plain_dicts(embedded_postgres_cluster: Cluster) -> None:
    @asynccontextmanager
    async def on_server() -> AsyncIterator[Catalog]:
        async with embedded_postgres_cluster.database() as address, open_pools(address, size_max=2) as pools:
            yield on_postgres(pools)

    few = settings(max_examples=15, stateful_step_count=40)
    run_state_machine_as_test(lambda: CatalogMachine(on_server), settings=few)


class CarelessRules(MemoryRuleStore):
    """Takes whatever version is stored."""

    async def replace(self, scope: str | None, rule: Rule, *, expected_version: int | None) -> Rule:
        return await super().replace(scope, rule, expected_version=None)


class SilentRules(MemoryRuleStore):
    """Tells nobody of deletions."""

    async def delete(self, scope: str | None, rule_id: str, *, expected_version: int | None, now_ms: int) -> None:
        await super().delete(scope, rule_id, expected_version=expected_version, now_ms=now_ms)
        self._database.outbox.pop()


class OpenRules(MemoryRuleStore):
    """Lets any client delete."""

    async def delete(self, scope: str | None, rule_id: str, *, expected_version: int | None, now_ms: int) -> None:
        await super().delete(None, rule_id, expected_version=expected_version, now_ms=now_ms)


class ForgetfulRules(MemoryRuleStore):
    """Leaves the last rule of a list out."""

    async def list(self, scope: str | None, page: PageRequest, where: RuleFilter) -> Page[Rule]:
        found = await super().list(scope, page, where)
        return Page(found.items[:-1] if len(found.items) > 1 else found.items, found.next_cursor)


@pytest.mark.parametrize("planted", [CarelessRules, SilentRules, OpenRules, ForgetfulRules])
def test_the_comparison_sees_a_planted_bug(planted: type[MemoryRuleStore]) -> None:
    @asynccontextmanager
    async def with_bug() -> AsyncIterator[Catalog]:
        database = MemoryDatabase()
        yield replace(on_memory(database), rules=planted(database, rules_per_client_max=RULES_MAX))

    searching = settings(
        derandomize=True, phases=[Phase.generate], database=None, max_examples=200, stateful_step_count=40
    )
    with pytest.raises(AssertionError):
        run_state_machine_as_test(lambda: CatalogMachine(with_bug), settings=searching)
