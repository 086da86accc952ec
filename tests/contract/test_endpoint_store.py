"""Each promise of `EndpointStore`."""

import asyncio
from dataclasses import replace

import pytest

from alerting_core import limits
from alerting_core.domain.endpoint import DisableReason, Endpoint, EndpointFormat, EndpointType, SigningSecret
from alerting_core.domain.rule import Rule
from alerting_core.errors import Conflict, InvalidInput, LimitExceeded, NotFound, VersionConflict
from alerting_core.ports.catalog import EndpointFilter, EndpointStore, PageRequest, TimeKey, encode_time_cursor
from tests.contract.fixtures_catalog import Catalog
from tests.support.catalog import NEW_SECRET, NOW_MS, SECRET, make_client, make_endpoint, make_rule, new_uuid, walk

ALL = PageRequest(200)


@pytest.fixture
async def rule(catalog: Catalog) -> Rule:
    await catalog.clients.create(make_client("acme"))
    return await catalog.rules.create(make_rule("acme"))


@pytest.fixture
async def foreign_rule(catalog: Catalog) -> Rule:
    await catalog.clients.create(make_client("globex"))
    return await catalog.rules.create(make_rule("globex"))


def make_email(rule: Rule, value: str = "ann@acme.io, bob@acme.io") -> Endpoint:
    return make_endpoint(rule, type=EndpointType.EMAIL, value=value, headers={}, secret=None)


async def test_a_created_endpoint_is_read_back_with_its_secret(endpoints: EndpointStore, rule: Rule) -> None:
    secret = SigningSecret(NEW_SECRET, previous=SECRET, previous_until_ms=NOW_MS + 7)
    webhook = make_endpoint(rule, secret=secret, format=EndpointFormat.ALERTMANAGER)
    slack = make_endpoint(rule, type=EndpointType.SLACK, headers={}, secret=None, description="For\n東京 🙂")
    for endpoint in (webhook, slack, make_email(rule)):
        assert await endpoints.create("acme", endpoint) == endpoint
        for scope in (None, "acme"):
            assert await endpoints.get(scope, endpoint.endpoint_id) == endpoint


async def test_an_endpoint_without_its_rule_is_not_found(
    endpoints: EndpointStore, rule: Rule, foreign_rule: Rule
) -> None:
    for missing in (new_uuid(), "nothing", "", "a\0b"):
        with pytest.raises(NotFound):
            await endpoints.create(None, make_endpoint(rule, rule_id=missing))
    with pytest.raises(NotFound):
        await endpoints.create("acme", make_endpoint(foreign_rule))
    with pytest.raises(NotFound):
        await endpoints.create("acme", make_endpoint(foreign_rule, client_id="acme"))
    with pytest.raises(NotFound):
        await endpoints.create(None, make_endpoint(foreign_rule, client_id="acme"))
    assert (await endpoints.list(None, ALL, EndpointFilter())).items == []


async def test_the_same_type_and_value_on_one_rule_is_a_conflict(
    endpoints: EndpointStore, rule: Rule, foreign_rule: Rule
) -> None:
    endpoint = await endpoints.create(None, make_endpoint(rule))
    with pytest.raises(Conflict):
        await endpoints.create(None, make_endpoint(rule, value=endpoint.value, enabled=False))
    await endpoints.create(None, make_endpoint(rule, value=endpoint.value, type=EndpointType.SLACK, secret=None))
    await endpoints.create(None, make_endpoint(foreign_rule, value=endpoint.value))
    assert len((await endpoints.list(None, ALL, EndpointFilter())).items) == 3


async def test_an_endpoint_id_is_taken_once(endpoints: EndpointStore, rule: Rule, foreign_rule: Rule) -> None:
    endpoint = await endpoints.create(None, make_endpoint(rule))
    for owner in (rule, foreign_rule):
        with pytest.raises(Conflict):
            await endpoints.create(None, make_endpoint(owner, endpoint_id=endpoint.endpoint_id))


async def test_a_rule_has_a_limited_number_of_endpoints(endpoints: EndpointStore, rule: Rule) -> None:
    results = await asyncio.gather(
        *(endpoints.create("acme", make_endpoint(rule)) for _ in range(limits.ENDPOINTS_PER_RULE_MAX + 3)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, LimitExceeded) for result in results) == 3
    assert len((await endpoints.list(None, ALL, EndpointFilter())).items) == limits.ENDPOINTS_PER_RULE_MAX


@pytest.mark.parametrize("endpoint_id", ["nothing", "", "a\0b", "\ud800", new_uuid(), new_uuid().upper()])
async def test_an_unknown_endpoint_is_not_found(endpoints: EndpointStore, rule: Rule, endpoint_id: str) -> None:
    with pytest.raises(NotFound):
        await endpoints.get(None, endpoint_id)
    with pytest.raises(NotFound):
        await endpoints.replace("acme", make_endpoint(rule, endpoint_id=endpoint_id), expected_version=None)
    with pytest.raises(NotFound):
        await endpoints.delete("acme", endpoint_id, expected_version=None)


async def test_another_clients_endpoint_does_not_exist_for_a_scope(
    endpoints: EndpointStore, foreign_rule: Rule
) -> None:
    endpoint = await endpoints.create(None, make_endpoint(foreign_rule))
    with pytest.raises(NotFound):
        await endpoints.get("acme", endpoint.endpoint_id)
    with pytest.raises(NotFound):
        await endpoints.replace("acme", replace(endpoint, enabled=False), expected_version=1)
    with pytest.raises(NotFound):
        await endpoints.delete("acme", endpoint.endpoint_id, expected_version=1)
    assert (await endpoints.list("acme", ALL, EndpointFilter())).items == []
    assert (await endpoints.list("acme", ALL, EndpointFilter(client_id="globex"))).items == []
    assert await endpoints.get("globex", endpoint.endpoint_id) == endpoint


async def test_endpoints_are_listed_newest_first_then_by_id(endpoints: EndpointStore, rule: Rule) -> None:
    stored = [await endpoints.create(None, make_endpoint(rule, created_at_ms=NOW_MS + n)) for n in (2, 1, 3, 2, 1)]
    newest_first = sorted(stored, key=lambda e: (e.created_at_ms, e.endpoint_id), reverse=True)
    assert (await endpoints.list("acme", ALL, EndpointFilter())).items == newest_first
    seen = await walk(lambda page: endpoints.list(None, page, EndpointFilter()), limit=2)
    assert seen == newest_first


async def test_a_filter_narrows_a_list(endpoints: EndpointStore, rule: Rule, foreign_rule: Rule) -> None:
    mail = await endpoints.create(None, make_email(rule))
    off = await endpoints.create(None, make_endpoint(rule, enabled=False, disabled_reason=DisableReason.GONE))
    other = await endpoints.create(None, make_endpoint(foreign_rule))

    async def found(where: EndpointFilter) -> set[str]:
        return {endpoint.endpoint_id for endpoint in (await endpoints.list(None, ALL, where)).items}

    assert await found(EndpointFilter(client_id="acme")) == {mail.endpoint_id, off.endpoint_id}
    assert await found(EndpointFilter(rule_id=foreign_rule.rule_id)) == {other.endpoint_id}
    assert await found(EndpointFilter(type=EndpointType.EMAIL)) == {mail.endpoint_id}
    assert await found(EndpointFilter(enabled=False)) == {off.endpoint_id}
    assert await found(EndpointFilter(rule_id="nothing")) == set()
    assert await found(EndpointFilter(client_id="a\0")) == set()


async def test_pages_visit_each_endpoint_once_while_others_come_and_go(endpoints: EndpointStore, rule: Rule) -> None:
    stay = [await endpoints.create(None, make_endpoint(rule)) for _ in range(5)]
    gone = [await endpoints.create(None, make_endpoint(rule)) for _ in range(3)]
    turn = iter(range(100))

    async def disturb() -> None:
        number = next(turn)
        if number < 3:
            await endpoints.delete(None, gone[number].endpoint_id, expected_version=None)
            await endpoints.create(None, make_endpoint(rule, created_at_ms=NOW_MS + 10))

    seen = await walk(lambda page: endpoints.list("acme", page, EndpointFilter()), limit=2, after_page=disturb)
    visited = [endpoint.endpoint_id for endpoint in seen]
    assert {e.endpoint_id for e in stay} <= set(visited)
    assert len(set(visited)) == len(visited)


async def test_a_cursor_of_another_list_is_invalid(endpoints: EndpointStore) -> None:
    for cursor in (encode_time_cursor("rules", TimeKey(NOW_MS, new_uuid())), "garbage", ""):
        with pytest.raises(InvalidInput) as caught:
            await endpoints.list(None, PageRequest(10, cursor), EndpointFilter())
        assert [problem.path for problem in caught.value.problems] == ["cursor"]


async def test_replacing_changes_the_fields_and_raises_the_version(endpoints: EndpointStore, rule: Rule) -> None:
    endpoint = await endpoints.create(None, make_endpoint(rule))
    changed = replace(
        endpoint,
        value="https://hooks.acme.io/new",
        headers={},
        secret=SigningSecret(NEW_SECRET, previous=SECRET, previous_until_ms=NOW_MS + 100),
        enabled=False,
        disabled_reason=DisableReason.BY_USER,
        description="No longer of use.",
        format=EndpointFormat.ALERTMANAGER,
        updated_at_ms=NOW_MS + 1,
        version=77,
    )
    expected = replace(changed, version=2)
    assert await endpoints.replace("acme", changed, expected_version=1) == expected
    assert await endpoints.get(None, endpoint.endpoint_id) == expected


async def test_a_stale_version_is_refused_with_the_stored_one(endpoints: EndpointStore, rule: Rule) -> None:
    endpoint = await endpoints.create(None, make_endpoint(rule))
    await endpoints.replace(None, endpoint, expected_version=1)
    with pytest.raises(VersionConflict) as caught:
        await endpoints.replace(None, replace(endpoint, value="https://lost.acme.io"), expected_version=1)
    assert caught.value.current_version == 2
    with pytest.raises(VersionConflict):
        await endpoints.delete(None, endpoint.endpoint_id, expected_version=1)
    assert (await endpoints.get(None, endpoint.endpoint_id)).value == endpoint.value


async def test_replacing_into_the_value_of_another_endpoint_is_a_conflict(endpoints: EndpointStore, rule: Rule) -> None:
    first, second = [await endpoints.create(None, make_endpoint(rule)) for _ in range(2)]
    with pytest.raises(Conflict):
        await endpoints.replace(None, replace(second, value=first.value), expected_version=1)
    assert await endpoints.get(None, second.endpoint_id) == second


async def test_a_deleted_endpoint_is_gone_and_its_value_is_free(endpoints: EndpointStore, rule: Rule) -> None:
    endpoint = await endpoints.create(None, make_endpoint(rule))
    await endpoints.delete("acme", endpoint.endpoint_id, expected_version=1)
    with pytest.raises(NotFound):
        await endpoints.get(None, endpoint.endpoint_id)
    await endpoints.create(None, make_endpoint(rule, value=endpoint.value))


async def test_no_endpoint_outlives_a_rule_that_is_deleted_meanwhile(catalog: Catalog, rule: Rule) -> None:
    creations = [catalog.endpoints.create("acme", make_endpoint(rule)) for _ in range(6)]
    deletion = catalog.rules.delete("acme", rule.rule_id, expected_version=None, now_ms=NOW_MS)
    results = await asyncio.gather(*creations[:3], deletion, *creations[3:], return_exceptions=True)
    assert all(isinstance(result, Endpoint | NotFound) or result is None for result in results)
    assert (await catalog.endpoints.list(None, ALL, EndpointFilter())).items == []
