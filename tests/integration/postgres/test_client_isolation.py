"""The second lock: what the database itself keeps a client's statements from, when they forget to name the client."""

from dataclasses import replace

import asyncpg
import pytest

from alerting_backend.adapters.postgres.connection import (
    Pools,
    Role,
    connected,
    open_pools,
    tenant_transaction,
    transaction,
)
from alerting_backend.adapters.postgres.delivery.episodes import PgEpisodeStore, of_owners, of_pipeline
from alerting_backend.adapters.postgres.history.alerts import PgAlertHistory, PgAlertLog
from alerting_core.domain.rule import Catches
from alerting_core.errors import NotFound
from alerting_core.ports.catalog import EndpointFilter, PageRequest, RuleFilter
from alerting_core.ports.episodes import PutResult
from alerting_core.ports.history import AlertAccess, AlertFilter, NewNotification, NotificationFilter
from tests.contract.fixtures_catalog import on_postgres
from tests.contract.story import Story
from tests.support.catalog import NOW_MS, make_endpoint, make_key, make_rule
from tests.support.episodes import make_episode
from tests.support.pipeline import make_alert
from tests.support.postgres.cluster import Cluster

SEEN_BY_CLIENTS = ("clients", "rules", "endpoints", "notifications", "deliveries", "attempts", "outbox")
CLOSED_TO_CLIENTS = (
    *("api_keys", "idempotency_keys", "stream_records", "stream_offsets", "generator_jobs"),
    "retired_endpoints",
)
CHANGED_BY_CLIENTS = ("rules", "endpoints")


@pytest.fixture(autouse=True)
async def two_clients_with_rows_in_every_table(pools: Pools) -> None:
    catalog = on_postgres(pools)
    story = Story(catalog)
    for client_id in ("acme", "globex"):
        await story.client(client_id)
        await story.endpoint(client_id)
        await story.finished(client_id)
        await catalog.keys.create(make_key(client_id=client_id))
    alerts = [make_alert("x", owner=owner) for owner in ("", "acme", "globex")]
    await PgAlertLog(pools.worker).record(alerts, now_ms=NOW_MS)
    episodes = [make_episode("f", owner=owner) for owner in ("", "acme", "globex")]
    await PgEpisodeStore(of_pipeline(pools.worker)).put(episodes)


async def owners(pools: Pools, client_id: str, table: str) -> set[str | None]:
    async with tenant_transaction(pools.api, "test", client_id=client_id) as connection:
        return {row["client_id"] for row in await connection.fetch(f"SELECT client_id FROM {table}")}


@pytest.mark.parametrize("table", SEEN_BY_CLIENTS)
async def test_a_statement_without_a_client_sees_the_callers_rows_alone(pools: Pools, table: str) -> None:
    assert await owners(pools, "acme", table) == {"acme"}
    assert await owners(pools, "globex", table) == {"globex"}
    async with transaction(pools.admin, "test") as connection:
        everybody = await connection.fetch(f"SELECT DISTINCT client_id FROM {table}")
    assert {row["client_id"] for row in everybody} == {"acme", "globex"}


async def test_of_alerts_a_statement_sees_the_shared_ones_and_the_callers_own(pools: Pools) -> None:
    assert await owners(pools, "acme", "alerts") == {None, "acme"}
    assert await owners(pools, "globex", "alerts") == {None, "globex"}
    assert await owners(pools, "", "alerts") == set()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with tenant_transaction(pools.api, "test", client_id="acme") as connection:
            await connection.execute("UPDATE alerts SET client_id = 'acme'")


async def test_of_episodes_a_client_sees_and_changes_its_own_alone(pools: Pools) -> None:
    assert await owners(pools, "acme", "alert_episodes") == {"acme"}
    assert await owners(pools, "", "alert_episodes") == set()
    async with tenant_transaction(pools.api, "test", client_id="acme") as connection:
        assert await connection.execute("UPDATE alert_episodes SET name = 'x'") == "UPDATE 1"
    async with transaction(pools.admin, "test") as connection:
        changed = await connection.fetch("SELECT client_id FROM alert_episodes WHERE name = 'x'")
        assert [row["client_id"] for row in changed] == ["acme"]
    for statement in (
        "UPDATE alert_episodes SET client_id = NULL",
        "UPDATE alert_episodes SET client_id = 'globex', fingerprint = 'g'",
        "DELETE FROM alert_episodes",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with tenant_transaction(pools.api, "test", client_id="acme") as connection:
                await connection.execute(statement)


async def test_in_a_clients_name_no_episode_is_made_for_another_or_taken_from_it(pools: Pools) -> None:
    """Whatever the store is asked for."""
    in_acmes_name = PgEpisodeStore(lambda _, operation: tenant_transaction(pools.api, operation, client_id="acme"))
    for owner, refused in (("globex", PutResult.OWNER_GONE), ("", PutResult.CONFLICT)):
        theirs = make_episode("f", owner=owner)
        assert await in_acmes_name.load([theirs.key]) == {}
        assert list(await in_acmes_name.put([replace(theirs, version=2, name="taken")])) == [refused]
        await in_acmes_name.mark_published([theirs])
        assert await PgEpisodeStore(of_owners(pools)).load([theirs.key]) == {theirs.key: theirs}
    assert list(await in_acmes_name.put([make_episode("g", owner="globex")])) == [PutResult.OWNER_GONE]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await in_acmes_name.put([make_episode("g")])


@pytest.mark.parametrize("table", SEEN_BY_CLIENTS)
async def test_without_a_client_nothing_is_seen(pools: Pools, table: str) -> None:
    assert await owners(pools, "", table) == set()
    async with connected(pools.api, "test") as connection:
        assert await connection.fetch(f"SELECT * FROM {table}") == []


@pytest.mark.parametrize("table", CLOSED_TO_CLIENTS)
async def test_a_clients_connection_cannot_read_what_is_none_of_its_business(pools: Pools, table: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with tenant_transaction(pools.api, "test", client_id="acme") as connection:
            await connection.fetch(f"SELECT * FROM {table}")


async def test_whoever_deletes_a_rule_keeps_its_own_endpoints_and_the_pipeline_alone_reads_them(pools: Pools) -> None:
    columns = "client_id, endpoint_id, rule_id, type, value, headers, secret, previous_secret, previous_secret_until"
    keep = f"INSERT INTO retired_endpoints SELECT {columns}, enabled, true, now() FROM endpoints"
    async with tenant_transaction(pools.api, "test", client_id="acme") as connection:
        await connection.execute(keep)
    async with transaction(pools.worker, "test") as connection:
        kept = await connection.fetch("SELECT client_id FROM retired_endpoints")
    assert {row["client_id"] for row in kept} == {"acme"}
    for statement in (
        keep.replace("client_id, endpoint_id", "'globex', endpoint_id", 1),
        "DELETE FROM retired_endpoints",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with tenant_transaction(pools.api, "test", client_id="acme") as connection:
                await connection.execute(statement)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with transaction(pools.admin, "test") as connection:
            await connection.fetch("SELECT * FROM retired_endpoints")


@pytest.mark.parametrize("table", CHANGED_BY_CLIENTS)
async def test_another_clients_rows_can_be_neither_changed_nor_deleted(pools: Pools, table: str) -> None:
    async with tenant_transaction(pools.api, "test", client_id="acme") as connection:
        assert await connection.execute(f"UPDATE {table} SET enabled = false WHERE client_id = 'globex'") == "UPDATE 0"
        assert await connection.execute(f"DELETE FROM {table} WHERE client_id = 'globex'") == "DELETE 0"
    assert await owners(pools, "globex", table) == {"globex"}


async def test_a_row_can_be_neither_made_for_nor_given_to_another_client(pools: Pools) -> None:
    rule = make_rule("globex")
    insert = """
    INSERT INTO rules (client_id, rule_id, severity, source, name, enabled, version, created_at, updated_at)
    VALUES ($1, $2, 'LOW', 'a', 'b', true, 1, $3, $3)
    """
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with tenant_transaction(pools.api, "test", client_id="acme") as connection:
            await connection.execute(insert, "globex", rule.rule_id, NOW_MS)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with tenant_transaction(pools.api, "test", client_id="acme") as connection:
            await connection.execute("UPDATE rules SET client_id = 'globex'")
    assert await owners(pools, "acme", "rules") == {"acme"}


async def test_the_client_of_one_transaction_is_forgotten_by_the_next(pools: Pools) -> None:
    async with connected(pools.api, "test") as connection:
        async with connection.transaction():
            await connection.execute("SELECT set_config('app.client_id', 'acme', true)")
            assert len(await connection.fetch("SELECT * FROM rules")) == 1
        assert await connection.fetch("SELECT * FROM rules") == []


async def test_no_role_of_the_platform_can_step_over_the_policies(pools: Pools) -> None:
    async with transaction(pools.admin, "test") as connection:
        roles = await connection.fetch(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = ANY ($1::text[])",
            [str(role) for role in Role],
        )
        owned = await connection.fetchval(
            "SELECT count(*) FROM pg_tables WHERE tableowner = ANY ($1::text[])", [str(role) for role in Role]
        )
    assert len(roles) == len(Role)
    assert not any(row["rolsuper"] or row["rolbypassrls"] or row["rolcreaterole"] for row in roles)
    assert owned == 0


async def test_the_owner_of_the_tables_is_bound_by_the_policies_too(pools: Pools) -> None:
    async with transaction(pools.admin, "test") as connection:
        rows = await connection.fetch(
            "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = ANY ($1::text[])",
            [*SEEN_BY_CLIENTS, "alerts", "alert_episodes", "api_keys"],
        )
    assert len(rows) == len(SEEN_BY_CLIENTS) + 3
    assert all(row["relrowsecurity"] and row["relforcerowsecurity"] for row in rows)


async def test_a_client_named_like_sql_is_a_client_like_any_other(embedded_postgres_cluster: Cluster) -> None:
    async with embedded_postgres_cluster.database() as address, open_pools(address, size_max=2) as pools:
        story = Story(on_postgres(pools))
        names = ["'; SET app.client_id = 'b'; --", "b", "' OR '1'='1", "%", "*"]
        for name in names:
            await story.client(name)
        for name in names:
            assert await owners(pools, name, "rules") == {name}


async def test_the_stores_name_the_client_even_where_no_policy_binds_them(pools: Pools) -> None:
    unbound = on_postgres(replace(pools, api=pools.admin))
    all_of_it = PageRequest(200)
    [rule] = await unbound.rules.all_of("globex")
    [endpoint] = (await unbound.endpoints.list("globex", all_of_it, EndpointFilter())).items
    [notification] = (await unbound.history.list("globex", all_of_it, NotificationFilter())).items
    id_ = notification.notification_id

    for foreign in (
        unbound.clients.get("acme", "globex"),
        unbound.rules.get("acme", rule.rule_id),
        unbound.rules.replace("acme", rule, expected_version=None),
        unbound.rules.delete("acme", rule.rule_id, expected_version=None, now_ms=NOW_MS),
        unbound.endpoints.create("acme", make_endpoint(rule)),
        unbound.endpoints.get("acme", endpoint.endpoint_id),
        unbound.endpoints.replace("acme", endpoint, expected_version=None),
        unbound.endpoints.delete("acme", endpoint.endpoint_id, expected_version=None),
        unbound.history.detail("acme", id_),
        unbound.history.resend("acme", id_, now_ms=NOW_MS),
        unbound.history.add_test("acme", endpoint, NewNotification(notification, ())),
    ):
        with pytest.raises(NotFound):
            await foreign
    assert [c.client_id for c in (await unbound.clients.list("acme", all_of_it)).items] == ["acme"]
    assert {r.client_id for r in (await unbound.rules.list("acme", all_of_it, RuleFilter())).items} == {"acme"}
    assert {e.client_id for e in (await unbound.endpoints.list("acme", all_of_it, EndpointFilter())).items} == {"acme"}
    listed = (await unbound.history.list("acme", all_of_it, NotificationFilter())).items
    assert {n.client_id for n in listed} == {"acme"}
    alerts = PgAlertHistory(replace(pools, api=pools.admin))
    for notified_only, seen in ((False, {"", "acme"}), (True, {"acme"})):
        access = AlertAccess("acme", notified_only=notified_only)
        assert {s.alert.owner for s in await alerts.recent(access, limit=200)} == seen
        assert {s.alert.owner for s in (await alerts.list(access, all_of_it, AlertFilter())).items} == seen
        assert await alerts.get(access, "x", owner="globex") is None
    totals = await unbound.history.totals("acme", now_ms=NOW_MS)
    assert (totals.clients, totals.rules_enabled, totals.last_hour) == (1, 1, 1)
    assert dict(totals.endpoints_by_type) == {"webhook": 1}


@pytest.mark.parametrize("name", ["*", ""])
async def test_a_client_can_not_have_a_rule_catch_more_than_a_pattern(pools: Pools, name: str) -> None:
    catalog = on_postgres(pools)
    ordinary = (await catalog.rules.all_of("acme"))[0]
    for catches in (Catches.EVERYTHING, Catches.UNMATCHED):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await catalog.rules.create(make_rule(severity="*", source="*", name="*", catches=catches))
        wild = replace(ordinary, severity="*", source="*", name="*", catches=catches)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await catalog.rules.replace("acme", wild, expected_version=None)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with tenant_transaction(pools.api, "test", client_id="acme") as connection:
            await connection.execute("UPDATE rules SET severity = '*', source = '*', name = $1", name)
    assert await catalog.rules.all_of("acme") == [ordinary]


@pytest.mark.parametrize(("severity", "source"), [("HIGH", "*"), ("*", "api")])
async def test_no_rule_has_an_empty_name_beside_a_pattern(pools: Pools, severity: str, source: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        async with transaction(pools.admin, "test") as connection:
            await connection.execute("UPDATE rules SET severity = $1, source = $2, name = ''", severity, source)
