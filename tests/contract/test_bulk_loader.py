"""Each promise of `BulkLoader`."""

import pytest

from alerting_core import limits
from alerting_core.codec.records import RuleAction
from alerting_core.errors import Conflict
from alerting_core.ports.catalog import EndpointFilter, Loaded, PageRequest, RuleFilter
from tests.contract.fixtures_catalog import Catalog
from tests.support.catalog import make_client, make_endpoint, make_rule

ALL = PageRequest(200)


async def test_everything_given_is_stored(catalog: Catalog) -> None:
    clients = [make_client(f"c{n}") for n in range(3)]
    rules = [make_rule(client.client_id) for client in clients for _ in range(4)]
    endpoints = [make_endpoint(rule) for rule in rules for _ in range(2)]
    assert await catalog.bulk.load(clients, iter(rules), iter(endpoints)) == Loaded(3, 12, 24)
    assert (await catalog.clients.list(None, ALL)).items == clients
    stored = (await catalog.rules.list(None, ALL, RuleFilter())).items
    assert sorted(stored, key=lambda r: r.rule_id) == rules
    kept = (await catalog.endpoints.list(None, ALL, EndpointFilter())).items
    assert sorted(kept, key=lambda e: e.endpoint_id) == endpoints


async def test_evaluators_are_told_of_every_rule_loaded(catalog: Catalog) -> None:
    rules = [make_rule() for _ in range(20)]
    await catalog.bulk.load([make_client()], rules, [])
    assert sorted(await catalog.told()) == sorted(("acme", rule.rule_id, RuleAction.CREATED, 1) for rule in rules)


async def test_loading_again_stores_nothing_and_tells_nothing(catalog: Catalog) -> None:
    rules = [make_rule() for _ in range(3)]
    endpoints = [make_endpoint(rule) for rule in rules]
    await catalog.bulk.load([make_client()], rules[:2], endpoints[:1])
    assert await catalog.bulk.load([make_client()], rules, endpoints) == Loaded(0, 1, 2)
    assert await catalog.bulk.load([make_client()], rules, endpoints) == Loaded(0, 0, 0)
    assert len(await catalog.told()) == 3


async def test_a_database_with_other_clients_is_refused_unless_told_so(catalog: Catalog) -> None:
    await catalog.clients.create(make_client("customer"))
    with pytest.raises(Conflict):
        await catalog.bulk.load([make_client()], [make_rule()], [])
    assert [c.client_id for c in (await catalog.clients.list(None, ALL)).items] == ["customer"]
    assert await catalog.bulk.load([make_client()], [make_rule()], [], beside_other_data=True) == Loaded(1, 1, 0)


async def test_what_has_no_owner_or_is_there_twice_is_left_out(catalog: Catalog) -> None:
    rule = make_rule()
    double = make_rule(source=rule.source)
    orphan = make_rule("nobody")
    endpoints = [make_endpoint(each) for each in (rule, double, orphan)]
    endpoints.append(make_endpoint(rule, value=endpoints[0].value))
    assert await catalog.bulk.load([make_client()], [rule, double, orphan], endpoints) == Loaded(1, 1, 1)


async def test_progress_is_told_up_to_the_end(catalog: Catalog) -> None:
    seen: list[Loaded] = []
    rules = [make_rule() for _ in range(limits.BULK_ROWS_MAX + 1)]
    loaded = await catalog.bulk.load([make_client()], rules, [make_endpoint(rules[0])], progress=seen.append)
    assert loaded == Loaded(1, limits.BULK_ROWS_MAX + 1, 1) == seen[-1]
    totals = [each.clients + each.rules + each.endpoints for each in seen]
    assert totals == sorted(totals)
    assert len(seen) >= 3
