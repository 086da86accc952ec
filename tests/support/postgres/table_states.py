"""States of the tables that plans are looked at in: what is stored, and what the statistics say of it.

Rows are written by the owner, in bulk and without the checks of foreign keys. Nothing analyzes a table by itself: what
the planner knows is what a state has it know, and often that is no longer so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from alerting_backend.adapters.postgres.connection import Address, Connection, owner_connection
from tests.support.catalog import NOW_MS

CLIENTS: Final = 100
RECORDS: Final = 20_000
"""Of each topic."""

# Row i was stored i milliseconds after an hour before the moment of the state.
_NOW: Final = (
    "to_timestamp(current_setting('state.now_ms')::double precision / 1000) - interval '1 hour' "
    "+ interval '1 millisecond' * i"
)

# Numbers that run on make ids that run on, which indexes take up quickly.
_ID: Final = "lpad(to_hex({}), 32, '0')::uuid"

_QUIET: Final = """
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
        EXECUTE format('ALTER TABLE %I SET (autovacuum_enabled = off)', name);
    END LOOP;
END $$
"""

_CATALOG: Final = f"""
INSERT INTO clients SELECT 'client-' || i, 'Client', {_NOW}, {_NOW} FROM generate_series(1, $1::int) AS i;
"""

_RULES: Final = f"""
INSERT INTO rules
SELECT
    'client-' || 1 + i % $1::int, {_ID.format("i")}, 'HIGH', 'source ' || i, 'timeout', true, 1, {_NOW}, {_NOW}
FROM generate_series(1, $2::int) AS i
"""

_ENDPOINTS: Final = """
INSERT INTO endpoints
SELECT
    client_id, rule_id, rule_id, 'webhook', 'https://hooks.acme.io/' || rule_id, '{}', 'whsec_QUJD', NULL, NULL, true,
    NULL, 1, created_at, updated_at
FROM rules
"""

_OUTBOX: Final = f"""
INSERT INTO outbox
SELECT i, 'client-' || 1 + i % $1::int, {_ID.format("i")}, 1, 1, {_NOW}, {_NOW} FROM generate_series(1, $2::int) AS i
"""

_HEAD: Final = "UPDATE outbox_head SET last_change_id = (SELECT coalesce(max(change_id), 0) FROM outbox)"

_NOTIFICATIONS: Final = f"""
INSERT INTO notifications
SELECT
    'client-' || 1 + i % $1::int, {_ID.format("i")}, 'stored ' || i, 3, 'api', 'timeout', '{{"region": "eu"}}',
    ARRAY[{_ID.format("1 + i % $4::int")}::text], 1767323045, $5, {_NOW}, {_NOW}
FROM generate_series($2::int, $3::int) AS i
"""

# A hundred clients were notified of each alert with a life, if there are so many.
_FIRING: Final = f"""
INSERT INTO notifications (
    client_id, notification_id, alert_id, severity, source, name, context, rule_ids, event_ts, status, created_at,
    updated_at, fingerprint
)
SELECT
    'client-' || 1 + i % $1::int, {_ID.format("i")}, 'firing ' || i / $1::int, 3, 'api', 'timeout', '{{}}',
    ARRAY[{_ID.format("1 + i % $4::int")}::text], 1767323045, 'SENT', {_NOW}, {_NOW}, 'f' || i / $1::int
FROM generate_series($2::int, $3::int) AS i
"""

# Each notification has so many deliveries, one after the other.
_DELIVERIES: Final = f"""
INSERT INTO deliveries
SELECT
    'client-' || 1 + n % $1::int, {_ID.format("i")}, {_ID.format("n")}, {_ID.format("1 + i % $4::int")}, 'webhook',
    'https://hooks.acme.io/' || i % $4::int, 'host-' || i % 7, $5, NULL, 0, $6::timestamptz, NULL, {_NOW}, {_NOW}
FROM generate_series($2::int, $3::int) AS i, LATERAL (SELECT 1 + (i - 1) / $7::int AS n) AS of_notification
"""

_ATTEMPTS: Final = f"""
INSERT INTO attempts
SELECT
    'client-' || 1 + i % $1::int, {_ID.format("i")}, {_ID.format("i")}, 1, 'delivered', 200, 'ok', '', {_NOW}, 7
FROM generate_series($2::int, $3::int) AS i
"""

_ALERTS: Final = f"""
INSERT INTO alerts
SELECT 'stored ' || i, 3, 'api', 'timeout', '{{}}', 1767323045, {_NOW} FROM generate_series(1, $1::int) AS i
"""

# A hundred owners have the same fingerprint, as of alerts that everybody's monitoring sends; one of them is nobody.
_EPISODES: Final = f"""
INSERT INTO alert_episodes (
    client_id, fingerprint, episode_id, number, status, starts_at, ends_at, reporters, phase, published_phase, version,
    changed_at, severity, source, name, context
)
SELECT
    'client-' || nullif(i % {CLIENTS}, 0), $3::text || i / {CLIENTS}, {_ID.format("i")}, 1, $4, {_NOW},
    {_NOW} + $5::text::interval, '[[1767323045000, 1767323345000]]', 1, $6, 1, {_NOW}, 3, 'api', 'timeout', '{{}}'
FROM generate_series($1::int, $2::int) AS i
"""

_RECORDS: Final = f"""
INSERT INTO stream_records
SELECT topic, i % 6, i / 6, 'key', convert_to(repeat('v', 200), 'UTF8'), NULL, {_NOW}
FROM unnest(ARRAY['alerts.new', 'alerts.matched', 'alerts.new.dlq']) AS topic, generate_series(0, $1::int * 6 - 1) AS i
WHERE topic NOT LIKE '%.dlq' OR i < 100
"""

_PARTITIONS: Final = """
INSERT INTO stream_partitions
SELECT topic, partition, 0, $1 FROM
    unnest(ARRAY['alerts.new', 'alerts.matched', 'alerts.new.dlq']) AS topic, generate_series(0, 5) AS partition
"""

_OFFSETS: Final = """
INSERT INTO stream_offsets SELECT 'readers', topic, partition, $1 / 2, now() FROM stream_partitions
WHERE topic NOT LIKE '%.dlq'
"""


@dataclass(frozen=True, slots=True)
class Amount:
    """What is stored.

    Attributes:
        rules: Each with an endpoint and a change in the outbox, dealt out to the clients.
        finished: Deliveries, with a notification and an attempt for each or for every so many.
        due: Deliveries, each with a notification of its own.
        due_clients: Whose they are: the first so many clients.
        records: In each topic, and as many alerts and episodes that have ended.
        open_episodes: Alerts that fire.
        firing: Notifications that alerts fire, each with a delivery and an attempt.
    """

    clients: int = CLIENTS
    rules: int = 1_000
    finished: int = 0
    per_notification: int = 1
    due: int = 0
    due_clients: int = CLIENTS
    records: int = 0
    open_episodes: int = 0
    firing: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """One state of the tables.

    Attributes:
        stored: What is there when they are analyzed, if they are.
        more_due: Deliveries that come after that, of the first `more_clients`.
        overdue_episodes: Alerts that come after that, and that nobody reports any more or has published.
        more_firing: Notifications that alerts fire which come after that.
    """

    stored: Amount
    is_analyzed: bool = True
    more_due: int = 0
    more_clients: int = CLIENTS
    overdue_episodes: int = 0
    more_firing: int = 0


STATES: Final[Mapping[str, State]] = {
    "empty, never analyzed": State(Amount(), is_analyzed=False),
    "never analyzed, 100,000 due": State(Amount(records=RECORDS), is_analyzed=False, more_due=100_000),
    "analyzed while empty, 100,000 due": State(Amount(), more_due=100_000),
    "analyzed while idle": State(Amount(finished=100_000, records=RECORDS)),
    "analyzed while idle, 100,000 due": State(Amount(finished=20_000), more_due=100_000),
    "1,000,000 finished": State(Amount(finished=1_000_000, per_notification=10)),
    "288,000 rules": State(Amount(rules=288_000)),
    "288,000 rules, analyzed while idle, 100,000 due": State(Amount(rules=288_000, finished=1_000), more_due=100_000),
    "a thousand clients with one due each": State(Amount(clients=1_000, due=1_000, due_clients=1_000)),
    "one client with 100,000 due": State(Amount(due=100_000, due_clients=1)),
    "a thousand clients with one due each, then one with 100,000": State(
        Amount(clients=1_000, due=1_000, due_clients=1_000), more_due=100_000, more_clients=1
    ),
    "100,000 alerts that fire": State(Amount(records=RECORDS, open_episodes=100_000)),
    "analyzed while idle, 100,000 alerts that fell silent": State(
        Amount(finished=1_000, records=RECORDS, open_episodes=1_000), overdue_episodes=100_000
    ),
    "never analyzed, 100,000 alerts that fell silent": State(Amount(), is_analyzed=False, overdue_episodes=100_000),
    "100,000 notifications that alerts fire": State(Amount(finished=20_000, records=RECORDS, firing=100_000)),
    "analyzed while idle, 100,000 notifications that alerts fire": State(
        Amount(finished=1_000, records=RECORDS), more_firing=100_000
    ),
}


async def make_state(address: Address, state: State) -> None:
    """Bring the tables of a new database into *state*."""
    async with owner_connection(address) as connection:
        await connection.execute(_QUIET)
        await _begin(connection, now_ms=NOW_MS)
        await _store(connection, state.stored)
        if state.is_analyzed:
            await connection.execute("ANALYZE")
        stored = state.stored.finished + state.stored.due
        await _store_due(connection, state.stored, stored, state.more_due, state.more_clients)
        if state.overdue_episodes:
            await connection.execute(_EPISODES, 1, state.overdue_episodes, "overdue ", "OPEN", "1 second", 0)
        if state.more_firing:
            await _store_firing(connection, state.stored, stored + state.more_due, state.more_firing)


async def add_finished(address: Address, deliveries: int, *, now_ms: int) -> None:
    """Add so many *deliveries* that were finished lately to a database without any, and have the tables analyzed."""
    async with owner_connection(address) as connection:
        await _begin(connection, now_ms=now_ms)
        await _store_finished(connection, Amount(finished=deliveries))
        await connection.execute("ANALYZE")


async def _begin(connection: Connection, *, now_ms: int) -> None:
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("SELECT set_config('state.now_ms', $1, false)", str(now_ms))


async def _store_finished(connection: Connection, amount: Amount) -> None:
    each = amount.per_notification
    some = amount.clients, 1, amount.finished // each
    await connection.execute(_NOTIFICATIONS, *some, amount.rules, "SENT")
    await connection.execute(_DELIVERIES, amount.clients, 1, amount.finished, amount.rules, "DELIVERED", None, each)
    await connection.execute(_ATTEMPTS, *some)


async def _store(connection: Connection, amount: Amount) -> None:
    await connection.execute(_CATALOG, amount.clients)
    await connection.execute(_RULES, amount.clients, amount.rules)
    await connection.execute(_ENDPOINTS)
    await connection.execute(_OUTBOX, amount.clients, amount.rules)
    await connection.execute(_HEAD)
    if amount.records:
        await connection.execute(_RECORDS, amount.records // 6)
        await connection.execute(_PARTITIONS, amount.records // 6)
        await connection.execute(_OFFSETS, amount.records // 6)
        await connection.execute(_ALERTS, amount.records)
        await connection.execute(_EPISODES, 1, amount.records, "ended ", "ENDED", "1 second", 1)
    if amount.open_episodes:
        await connection.execute(_EPISODES, 1, amount.open_episodes, "open ", "OPEN", "1 day", 1)
    if amount.finished:
        await _store_finished(connection, amount)
    await _store_due(connection, amount, amount.finished, amount.due, amount.due_clients)
    if amount.firing:
        await _store_firing(connection, amount, amount.finished + amount.due, amount.firing)


async def _store_firing(connection: Connection, amount: Amount, stored: int, firing: int) -> None:
    span = amount.clients, stored + 1, stored + firing
    await connection.execute(_FIRING, *span, amount.rules)
    await connection.execute(_DELIVERIES, *span, amount.rules, "DELIVERED", None, 1)
    await connection.execute(_ATTEMPTS, *span)


async def _store_due(connection: Connection, amount: Amount, stored: int, due: int, clients: int) -> None:
    if due:
        span = clients, stored + 1, stored + due
        await connection.execute(_NOTIFICATIONS, *span, amount.rules, "RECEIVED")
        await connection.execute(_DELIVERIES, *span, amount.rules, "PENDING", NOW_MS - 60_000, 1)
