"""Plans of all statements that the pipeline runs, in every state that the tables may be in.

Asserted on what a plan is and reads, never on time: a statement handles rows and buffers in proportion to the rows that
it is about, whatever the planner believes of the tables. What is hot is found in the source: a function of the adapters
that runs a statement is run here, or named as one that may take its time.
"""

import ast
from collections.abc import Iterator
from math import inf
from pathlib import Path
from typing import Final

import pytest

from alerting_backend.adapters import postgres
from alerting_backend.adapters.postgres.connection import Address, Pool, Role, open_pool, owner_connection, transaction
from alerting_backend.adapters.postgres.plans import FreshPlans
from tests.support.postgres.cluster import Cluster
from tests.support.postgres.explaining import ROWS_READ, Explained, buffers_of, explaining_pools, rows_of
from tests.support.postgres.pipeline_work import Subject, do_all
from tests.support.postgres.table_states import STATES, State, make_state

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(600)]

OF_PEOPLE: Final = frozenset({"jobs", "catalog.clients", "catalog.rules"})
"""Parts that people's edits go through, a few rows at a time."""

OF_PROCESSES: Final = frozenset({"connection", "plans", "ports", "schema"})
"""Parts that run no statement on the pipeline's tables, or once in the life of a process."""

ONE_LOCK: Final = frozenset({"_hold", "_run_while", "present", "run_as_sole", "run_once"})
"""What takes or asks for one advisory lock."""

COUNTS_ALL: Final = frozenset({"totals", "_counts"})
"""The dashboard's, which read whole tables and are asked for once in a while."""

FEW_ROWS: Final = frozenset({"add_test"})
"""One endpoint's."""

SELDOM: Final = frozenset(
    {
        ("history.alerts", "list"),
        ("history.alerts", "recent"),
        ("tables", "page"),
        ("history.notifications", "_last_looked_at"),
        ("history.retention", "clear"),
    }
)
"""Filtered lists and previews that somebody asks for, and what is cleared once in a while; they may take their time
until the tables are analyzed again, for a minute."""

SUBJECTS: Final = 256

ROWS_BASE: Final = 6_000
"""What a statement may handle for nothing: a look at two thousand, as bounded by the adapters, that finds none."""

ROWS_PER_ITEM: Final = 24
"""Nodes of the longest plan that a row goes through."""

READ_PER_ITEM: Final = 64
"""Rows read from tables: the row itself, and what foreign keys look at; one page is rather read than searched."""

BUFFERS_BASE: Final = 6_000
"""Two thousand looks into an index of three levels."""

BUFFERS_PER_ITEM: Final = 60
"""A row inserted into a table with five indexes of three levels, with what it refers to."""

BIG_PAGES: Final = 200
"""A table that is read in sequence only where all of it is wanted."""

RUNS_UNTIL_KEPT: Final = 8
"""A server keeps a plan from the sixth run on."""

_ADD_NOTIFICATIONS: Final = """
INSERT INTO notifications
SELECT
    'acme', lpad(to_hex(i), 32, '0')::uuid, 'alert ' || i, 3, 'api', 'timeout', '{}', '{}', 0, 'RECEIVED', now(), now()
FROM generate_series($1::int, $2::int) AS i
"""

# The keys are computed, so that nothing is read for them.
_ADD_DELIVERIES: Final = """
INSERT INTO deliveries
SELECT
    'acme', lpad(to_hex(1000 * $1::int + i), 32, '0')::uuid, lpad(to_hex($3::int - i), 32, '0')::uuid,
    gen_random_uuid(), 'webhook', 'https://hooks.acme.io/', 'hooks.acme.io', 'SKIPPED', 'ENDPOINT_DISABLED', 0, NULL,
    NULL, now(), now()
FROM generate_series(1, $2::int) AS i
"""

AGAIN: Final = frozenset({"Aggregate", "CTE Scan", "Function Scan", "Materialize", "Seq Scan", "Sort", "WindowAgg"})
"""What may be done again for each row of a loop over nothing but that row's own."""


@pytest.mark.parametrize("name", STATES)
async def test_every_statement_reads_in_proportion_to_what_it_is_about(
    embedded_postgres_cluster: Cluster, name: str
) -> None:
    """Also where the statistics are of a time when nothing was due, or every client had a single row."""
    await _look_at(embedded_postgres_cluster, STATES[name])


async def test_the_oldest_server_plans_likewise(oldest_postgres_cluster: Cluster) -> None:
    """In the state that led furthest astray."""
    await _look_at(oldest_postgres_cluster, STATES["analyzed while idle, 100,000 due"])


async def test_every_statement_of_the_adapters_is_looked_at(database: Address) -> None:
    await make_state(database, STATES["empty, never analyzed"])
    explained = await _explain(database)
    run = {one.function for one in explained}
    forgotten = set(_functions_with_statements()) - run
    assert not sorted(forgotten), "these run statements: have them done in pipeline_work, or name them as not hot"


@pytest.mark.parametrize(("seconds_max", "reads_few"), [(0.0, True), (inf, False)], ids=["forgotten", "kept"])
async def test_no_plan_outlives_the_tables_it_was_made_for(
    database: Address, monkeypatch: pytest.MonkeyPatch, *, seconds_max: float, reads_few: bool
) -> None:
    """A plan that was made while a client had five notifications looks each of 20,000 up among all of them."""
    monkeypatch.setattr(FreshPlans, "seconds_max", seconds_max)
    await make_state(database, STATES["empty, never analyzed"])
    async with owner_connection(database) as owner, open_pool(database, Role.WORKER, size_max=1) as pool:
        await owner.execute("INSERT INTO clients VALUES ('acme', 'Acme', now(), now())")
        await owner.execute(_ADD_NOTIFICATIONS, 1, 5)
        await owner.execute("ANALYZE")
        for number in range(RUNS_UNTIL_KEPT):
            await _add_deliveries(pool, kind=number, newest=5, count=5)
        await owner.execute(_ADD_NOTIFICATIONS, 6, 20_000)
        read = await _add_deliveries(pool, kind=RUNS_UNTIL_KEPT, newest=20_000, count=100)
    assert (read < 100 * READ_PER_ITEM) is reads_few, f"{read:,} rows were read for the foreign keys of 100"


async def _add_deliveries(pool: Pool, *, kind: int, newest: int, count: int) -> int:
    """Add a delivery of this kind to each of the newest notifications; return how many rows that read."""
    async with transaction(pool, "add") as connection:
        before = await connection.fetchval(ROWS_READ) or 0
        await connection.execute(_ADD_DELIVERIES, kind, count, newest + 1)
        return (await connection.fetchval(ROWS_READ) or 0) - before


async def _look_at(cluster: Cluster, state: State) -> None:
    async with cluster.database() as address:
        await make_state(address, state)
        explained = await _explain(address)
    is_known = state.is_analyzed and not state.more_due
    looked_at = [one for one in explained if is_known or one.function not in SELDOM]
    problems = [
        f"{'.'.join(one.function)}, {'the plan that is kept' if one.kept else 'its own plan'}: {what}"
        for one in looked_at
        for what in _problems(one)
    ]
    assert not problems, "\n".join(problems)


async def _explain(address: Address) -> list[Explained]:
    async with owner_connection(address) as connection:
        rows = await connection.fetch("SELECT client_id, rule_id FROM rules ORDER BY rule_id LIMIT $1", SUBJECTS)
    async with explaining_pools(address) as (pools, explained):
        await do_all(pools, [Subject(row["client_id"], row["rule_id"]) for row in rows])
    return explained


def _problems(one: Explained) -> Iterator[str]:
    items = one.items
    for what, found, bound in (
        ("rows handled", one.rows_handled, ROWS_BASE + ROWS_PER_ITEM * items),
        ("rows read", one.rows_read, ROWS_BASE + READ_PER_ITEM * items),
        ("buffers", one.buffers, BUFFERS_BASE + BUFFERS_PER_ITEM * items),
    ):
        if found > bound:
            yield f"{found:,} {what} for {items:,} rows, more than {bound:,}"
    for node in one.nodes():
        kind, loops = node["Node Type"], node["Actual Loops"]
        if kind in AGAIN and loops > 1:
            below = max(map(rows_of, node.get("Plans", [node])))
            if below > ROWS_BASE + ROWS_PER_ITEM * items:
                yield f"{kind} of {below:,} rows in a loop of {loops:,}, for {items:,} rows"
        if kind == "Seq Scan" and (pages := buffers_of(node) // max(loops, 1)) > BIG_PAGES and rows_of(node) < items:
            yield f"{pages:,} pages of {node['Relation Name']} in sequence for {items:,} rows"


def _functions_with_statements() -> Iterator[tuple[str, str]]:
    """Yield module and name of each function of the adapters that hands a statement to a connection."""
    folder = Path(postgres.__file__).parent
    left_out = OF_PEOPLE | OF_PROCESSES
    for path in folder.rglob("*.py"):
        module = path.relative_to(folder).with_suffix("")
        if ".".join(module.parts) in left_out:
            continue
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(function, ast.AsyncFunctionDef) or function.name in COUNTS_ALL | FEW_ROWS | ONE_LOCK:
                continue
            if _runs_statement(function):
                yield ".".join(module.parts), function.name


def _runs_statement(function: ast.AsyncFunctionDef) -> bool:
    runs = {"fetch", "fetchrow", "fetchval", "execute", "executemany", "fetch_map"}
    calls = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
    names = {func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "") for func in calls}
    return not runs.isdisjoint(names)
