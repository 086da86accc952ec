"""The runner of the migrations, and the chain itself."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from alerting_backend.adapters.postgres.connection import Address, Role, open_pool, open_pools, owner_connection
from alerting_backend.adapters.postgres.delivery.episodes import PgEpisodeStore, of_pipeline
from alerting_backend.adapters.postgres.delivery.notifications import PgNotificationStore
from alerting_backend.adapters.postgres.history.alerts import PgAlertHistory, PgAlertLog
from alerting_backend.adapters.postgres.schema import (
    Migration,
    MigrationFailed,
    MigrationLocked,
    MigrationRefused,
    migrate,
    migrations_folder,
    read_chain,
    schema_version,
    set_passwords,
    status,
)
from alerting_core.domain.notification import NotificationKind, NotificationStatus, derive_notification_id
from alerting_core.errors import PortUnavailable
from alerting_core.ports.catalog import PageRequest
from alerting_core.ports.episodes import PutResult
from alerting_core.ports.history import AlertAccess, AlertFilter, StoredAlert
from tests.support.catalog import NOW_MS
from tests.support.episodes import make_episode
from tests.support.pipeline import make_alert, make_match
from tests.support.postgres.cluster import Cluster

CHAIN = read_chain()


def chain_of(folder: Path, *steps: str) -> tuple[Migration, ...]:
    """Return a chain of these statements."""
    for version, sql in enumerate(steps, start=1):
        (folder / f"{version:04}_step.sql").write_text(sql, encoding="utf-8")
    return read_chain(folder)


async def tables(address: Address) -> set[str]:
    async with owner_connection(address) as connection:
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {row["tablename"] for row in rows}


async def schema(address: Address) -> Sequence[tuple[object, ...]]:
    """Return all columns, constraints, indexes, policies and grants."""
    async with owner_connection(address) as connection:
        found = await connection.fetch("""
            SELECT 'column', table_name::text, column_name::text, data_type || is_nullable || column_default::text
            FROM information_schema.columns WHERE table_schema = 'public'
            UNION ALL SELECT 'constraint', conrelid::regclass::text, conname::text, pg_get_constraintdef(oid)
            FROM pg_constraint WHERE connamespace = 'public'::regnamespace
            UNION ALL SELECT 'index', tablename::text, indexname::text, indexdef FROM pg_indexes
            WHERE schemaname = 'public'
            UNION ALL SELECT 'policy', tablename::text, policyname::text, roles::text || qual FROM pg_policies
            UNION ALL SELECT 'grant', table_name::text, grantee || privilege_type, '' FROM
            information_schema.role_table_grants WHERE table_schema = 'public'
            ORDER BY 1, 2, 3, 4
        """)
    return [tuple(row) for row in found]


async def test_all_steps_are_applied_in_order_and_told_before_each(empty_database: Address) -> None:
    told: list[tuple[int, int, int]] = []
    applied = await migrate(empty_database, progress=lambda m, place, count: told.append((m.version, place, count)))
    assert list(applied) == list(CHAIN)
    assert told == [(m.version, m.version, len(CHAIN)) for m in CHAIN]
    assert {"clients", "rules", "notifications", "deliveries", "stream_records"} <= await tables(empty_database)


async def test_a_second_run_does_nothing(empty_database: Address) -> None:
    await migrate(empty_database)
    before = await schema(empty_database), await status(empty_database)
    assert list(await migrate(empty_database)) == []
    assert (await schema(empty_database), await status(empty_database)) == before


async def test_status_says_what_is_applied_and_what_is_pending_and_changes_nothing(empty_database: Address) -> None:
    assert [(step.version, step.applied_at_ms) for step in await status(empty_database)] == [
        (m.version, None) for m in CHAIN
    ]
    assert await tables(empty_database) == set()
    await migrate(empty_database, chain=CHAIN[:1])
    first, *others = await status(empty_database)
    assert (first.version, first.name) == (CHAIN[0].version, CHAIN[0].name)
    assert first.applied_at_ms is not None
    assert {step.applied_at_ms for step in others} == {None}


@pytest.mark.parametrize("length", range(len(CHAIN)))
async def test_from_every_prefix_of_the_chain_the_same_schema_is_reached(
    embedded_postgres_cluster: Cluster, empty_database: Address, length: int
) -> None:
    await migrate(empty_database, chain=CHAIN[:length])
    assert [m.version for m in await migrate(empty_database)] == [m.version for m in CHAIN[length:]]
    async with embedded_postgres_cluster.database() as whole:
        assert await schema(empty_database) == await schema(whole)


async def test_the_chain_works_on_the_oldest_supported_postgres(oldest_postgres_cluster: Cluster) -> None:
    async with oldest_postgres_cluster.database(empty=True) as address:
        assert len(await migrate(address)) == len(CHAIN)
        assert list(await migrate(address)) == []


async def test_two_runners_at_once_apply_each_step_once(empty_database: Address) -> None:
    applied = await asyncio.gather(*(migrate(empty_database) for _ in range(4)))
    assert sorted(len(some) for some in applied) == [0, 0, 0, len(CHAIN)]


async def test_a_runner_that_waits_too_long_for_another_says_so(empty_database: Address, tmp_path: Path) -> None:
    holding = asyncio.Event()
    chain = chain_of(tmp_path, "SELECT 1", "SELECT pg_sleep(1)")
    first = asyncio.create_task(
        migrate(empty_database, chain=chain, progress=lambda m, *_: holding.set() if m.version == 2 else None)
    )
    await holding.wait()
    with pytest.raises(MigrationLocked):
        await migrate(empty_database, chain=chain, lock_seconds_max=0)
    assert len(await first) == 2


async def test_a_changed_file_is_refused_by_name_and_nothing_is_applied(
    empty_database: Address, tmp_path: Path
) -> None:
    chain = chain_of(tmp_path, "CREATE TABLE a ()", "CREATE TABLE b ()")
    await migrate(empty_database, chain=chain[:1])
    changed = chain_of(tmp_path, "CREATE TABLE a (x text)", "CREATE TABLE b ()")
    for ask in (migrate, status):
        with pytest.raises(MigrationRefused, match=r"0001_step\.sql was changed"):
            await ask(empty_database, chain=changed)
    assert await tables(empty_database) == {"a", "schema_migrations"}


async def test_other_line_ends_are_no_change(empty_database: Address, tmp_path: Path) -> None:
    chain = chain_of(tmp_path, "SELECT 1;\nSELECT 2;\n")
    (tmp_path / "0001_step.sql").write_bytes(b"SELECT 1;\r\nSELECT 2;\r\n")
    await migrate(empty_database, chain=chain)
    assert list(await migrate(empty_database, chain=read_chain(tmp_path))) == []


async def test_a_database_that_is_newer_than_the_program_is_refused(empty_database: Address, tmp_path: Path) -> None:
    chain = chain_of(tmp_path, "SELECT 1", "SELECT 2")
    await migrate(empty_database, chain=chain)
    with pytest.raises(MigrationRefused, match=r"0002 .* newer than this program"):
        await migrate(empty_database, chain=chain[:1])


async def test_a_file_before_an_applied_one_and_a_missing_one_are_refused_together(
    empty_database: Address, tmp_path: Path
) -> None:
    chain = chain_of(tmp_path, "CREATE TABLE a ()", "CREATE TABLE b ()", "CREATE TABLE c ()")
    await migrate(empty_database, chain=[chain[0], chain[2]])
    with pytest.raises(MigrationRefused) as refused:
        await migrate(empty_database, chain=chain[1:])
    assert len(refused.value.problems) == 2
    assert "0001_step.sql was applied and is missing" in refused.value.detail
    assert "0002_step.sql comes before 0003" in refused.value.detail
    assert await tables(empty_database) == {"a", "c", "schema_migrations"}


async def test_a_step_that_fails_leaves_nothing_behind_and_those_before_it_stay(
    empty_database: Address, tmp_path: Path
) -> None:
    broken = "CREATE TABLE b (); INSERT INTO nowhere VALUES (1)"
    chain = chain_of(tmp_path, "CREATE TABLE a ()", broken, "CREATE TABLE c ()")
    with pytest.raises(MigrationFailed, match=r"0002_step\.sql was refused .*nowhere"):
        await migrate(empty_database, chain=chain)
    assert await tables(empty_database) == {"a", "schema_migrations"}
    repaired = chain_of(tmp_path, "CREATE TABLE a ()", "CREATE TABLE b ()", "CREATE TABLE c ()")
    assert len(await migrate(empty_database, chain=repaired)) == 2


async def test_a_run_that_is_cut_off_goes_on_where_it_was(empty_database: Address, tmp_path: Path) -> None:
    chain = chain_of(tmp_path, "CREATE TABLE a ()", "SELECT pg_sleep(60); CREATE TABLE b ()")
    begun = asyncio.Event()
    run = asyncio.create_task(
        migrate(empty_database, chain=chain, progress=lambda m, *_: begun.set() if m.version == 2 else None)
    )
    await begun.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    quick = [chain[0], replace(chain[1], sql="CREATE TABLE b ()")]
    assert [m.version for m in await migrate(empty_database, chain=quick)] == [2]


async def test_user_data_outlives_every_run(database: Address) -> None:
    async with owner_connection(database) as connection:
        await connection.execute("INSERT INTO clients VALUES ('acme', 'Acme', 0, 0)".replace("0", "now()"))
        await migrate(database)
        assert await connection.fetchval("SELECT count(*) FROM clients") == 1


async def test_stored_alerts_and_notifications_are_shared_ones_after_owners_came(empty_database: Address) -> None:
    await migrate(empty_database, chain=CHAIN[:6])
    async with owner_connection(empty_database) as connection:
        before = ("clients VALUES ('acme', 'Acme', now(), now())", "alerts VALUES ('x', 3, 'api', 'n', '{}', 0, now())")
        for rows in before:
            await connection.execute(f"INSERT INTO {rows}")
    await migrate(empty_database)
    async with open_pools(empty_database, size_max=1) as pools:
        log, shown = PgAlertLog(pools.worker), PgAlertHistory(pools)
        await log.record([make_alert("x"), make_alert("x", owner="acme")], now_ms=NOW_MS)
        listed = (await shown.list(AlertAccess("acme"), PageRequest(9), AlertFilter())).items
        assert [(one.alert.alert_id, one.alert.name, one.alert.owner) for one in listed] == [
            ("x", "n", ""),
            ("x", "timeout", "acme"),
        ]


async def test_stored_alerts_are_events_after_lives_came_and_are_not_written_anew(empty_database: Address) -> None:
    await migrate(empty_database, chain=CHAIN[:7])
    file_of_alerts = "SELECT pg_relation_filenode('alerts')"
    async with owner_connection(empty_database) as connection:
        await connection.execute("INSERT INTO clients VALUES ('acme', 'Acme', now(), now())")
        before = await connection.fetchval(file_of_alerts)
    event = make_alert("x")
    async with open_pools(empty_database, size_max=1) as pools:
        await pools.worker.execute(
            "INSERT INTO alerts VALUES ('x', $1, $2, $3, $4, $5, $6)",
            int(event.severity), event.source, event.name, dict(event.context), event.event_ts, NOW_MS,
        )  # fmt: skip
    await migrate(empty_database)
    async with owner_connection(empty_database) as connection:
        assert await connection.fetchval(file_of_alerts) == before
    async with open_pools(empty_database, size_max=1) as pools:
        assert await PgAlertHistory(pools).get(AlertAccess(None), "x") == StoredAlert(event, NOW_MS)
        episode = make_episode(owner="acme")
        store = PgEpisodeStore(of_pipeline(pools.worker))
        assert list(await store.put([episode])) == [PutResult.STORED]


async def test_stored_notifications_are_of_events_after_ends_came_and_are_not_written_anew(
    empty_database: Address,
) -> None:
    await migrate(empty_database, chain=CHAIN[:8])
    file_of_notifications = "SELECT pg_relation_filenode('notifications')"
    match = make_match("acme", alert=make_alert("x"))
    id_ = derive_notification_id("acme", "x")
    async with owner_connection(empty_database) as connection:
        await connection.execute("INSERT INTO clients VALUES ('acme', 'Acme', now(), now())")
        before = await connection.fetchval(file_of_notifications)
    async with open_pools(empty_database, size_max=1) as pools:
        await pools.worker.execute(
            "INSERT INTO notifications VALUES ('acme', $1, 'x', 3, 'api', 'timeout', '{}', '{r1}', 0, 'SENT', $2, $2)",
            id_, NOW_MS,
        )  # fmt: skip
    await migrate(empty_database)
    async with owner_connection(empty_database) as connection:
        assert await connection.fetchval(file_of_notifications) == before
    async with open_pools(empty_database, size_max=1) as pools:
        store = PgNotificationStore(pools.worker)
        (known,) = await store.record([match], now_ms=NOW_MS)
        assert (known.created, known.status) == (False, NotificationStatus.SENT)
        (stored,) = await store.load([known.ref])
        assert (stored.kind, stored.has_life, stored.ends_at) == (NotificationKind.FIRING, False, None)


@pytest.mark.parametrize("migration", CHAIN, ids=lambda m: f"{m.version:04}_{m.name}")
def test_no_step_drops_or_empties_anything_of_the_users(migration: Migration) -> None:
    statements = re.sub(r"--[^\n]*", "", migration.sql).upper()
    assert not re.search(r"\b(DROP\s+(TABLE|COLUMN|SCHEMA|DATABASE)|TRUNCATE|DELETE\s+FROM)\b", statements)


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (["0001_a.sql", "0003_b.sql"], "expected version 0002, found 0003_b.sql"),
        (["0002_a.sql"], "expected version 0001"),
        (["0001_a.sql", "0001_b.sql"], "expected version 0002, found 0001_b.sql"),
        (["1_a.sql"], r"1_a\.sql must be named like"),
        (["0001_A b.sql"], "must be named like"),
        ([], "there are no migrations"),
    ],
)
def test_a_chain_with_a_gap_or_a_strange_name_is_refused(tmp_path: Path, names: list[str], problem: str) -> None:
    for name in names:
        (tmp_path / name).write_text("SELECT 1", encoding="utf-8")
    with pytest.raises(MigrationRefused, match=problem):
        read_chain(tmp_path)


def test_the_checkouts_own_folder_is_found() -> None:
    assert migrations_folder().name == "migrations"
    assert [m.version for m in CHAIN] == list(range(1, len(CHAIN) + 1))


async def test_each_role_reads_the_version_of_the_schema(database: Address) -> None:
    for role in Role:
        async with open_pool(database, role, size_max=1) as pool:
            assert await schema_version(pool) == CHAIN[-1].version


async def test_an_empty_database_has_version_zero(empty_database: Address) -> None:
    async with open_pool(empty_database, Role.WORKER, size_max=1) as pool:
        assert await schema_version(pool) == 0


async def test_passwords_are_set_whatever_they_hold(database: Address) -> None:
    password = 'it\'s a "secret"\\ %s $1 größe'
    await set_passwords(Address(database.dsn, {Role.API: password}))
    async with owner_connection(database) as connection:
        stored = await connection.fetchval("SELECT rolpassword FROM pg_authid WHERE rolname = 'alerting_api'")
        assert stored.startswith("SCRAM-SHA-256$")
        await connection.execute("ALTER ROLE alerting_api PASSWORD NULL")


async def test_a_server_that_is_away_is_unavailable(tmp_path: Path) -> None:
    address = Address.of_socket(tmp_path, port=5432, database="none")
    for ask in (migrate, status):
        with pytest.raises(PortUnavailable):
            await ask(address)


async def test_a_user_who_may_not_make_tables_is_told_so(empty_database: Address, database: Address) -> None:
    for address in (empty_database, database):
        worker = Address(address.dsn.replace("postgres@", f"{Role.WORKER}@"))
        with pytest.raises(MigrationFailed, match="may not"):
            await migrate(worker)
