"""Commands on the servers that a platform stands on: `alerting migrate`, `alerting testdata`, `alerting topics`."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime

from alerting_backend.adapters.kafka.topics import TOPICS, create_topics, describe_topics
from alerting_backend.adapters.postgres.catalog.bulk import PgBulkLoader
from alerting_backend.adapters.postgres.connection import Address
from alerting_backend.adapters.postgres.pools import open_pools
from alerting_backend.adapters.postgres.schema import Migration, Step, migrate, read_chain, set_passwords, status
from alerting_backend.cli.output import ExitCode, fail, progress, report_errors, write_json, write_table
from alerting_backend.embedded_postgres.embedded import DATABASE, embedded_postgres
from alerting_backend.embedded_postgres.processes import running_postmaster
from alerting_backend.settings import Settings
from alerting_backend.wiring.dependencies import Dependency, require
from alerting_backend.wiring.ports import address_set_in, kafka_address
from alerting_core.domain.endpoint import EndpointType
from alerting_core.domain.endpoint_check import check_endpoint
from alerting_core.errors import Conflict
from alerting_core.generator.testdata import ClientData, Dataset, EndpointTemplate, Size, make_dataset
from alerting_core.ports.catalog import Loaded


def has_database(settings: Settings) -> bool:
    """Tell whether there is a database to be looked at, without making one."""
    return settings.postgres_dsn is not None or (settings.data_dir / "postgres" / "PG_VERSION").exists()


@asynccontextmanager
async def reach_database(settings: Settings) -> AsyncIterator[Address]:
    """Yield the address of the database; the embedded one stays as it was found, running or not.

    Raises:
        AlertingError: It cannot be had; the detail says what to do.
    """
    own = address_set_in(settings)
    if own is not None:
        yield own
        return
    running = running_postmaster((settings.data_dir / "postgres").resolve())
    if running is not None and running.status == "ready":
        yield Address.of_socket(running.socket_folder, port=running.port, database=DATABASE)
        return
    async with embedded_postgres(settings.data_dir) as address:
        yield address


def run_migrate(settings: Settings, *, as_json: bool) -> None:
    """Bring the schema up to date, and say what was done."""
    with report_errors(as_json=as_json):
        applied = asyncio.run(_migrate(settings, as_json=as_json))
    if as_json:
        write_json({"applied": [{"version": one.version, "name": one.name} for one in applied]})
    elif applied:
        print("applied " + ", ".join(f"{one.version:04}_{one.name}" for one in applied))
    else:
        print("the schema is up to date")


def show_status(settings: Settings, *, as_json: bool) -> None:
    """Say of every step whether it was applied; changes nothing."""
    with report_errors(as_json=as_json):
        steps = asyncio.run(_status(settings))
    if as_json:
        write_json([{"version": s.version, "name": s.name, "applied_at": _time(s.applied_at_ms)} for s in steps])
        return
    rows = [(f"{step.version:04}", step.name, _time(step.applied_at_ms) or "pending") for step in steps]
    write_table(["version", "name", "applied at"], rows)


async def _migrate(settings: Settings, *, as_json: bool) -> Sequence[Migration]:
    async with reach_database(settings) as address:
        with progress("migrating", total=len(read_chain()), unit="steps", shown=not as_json) as advance:
            done_before = len(read_chain())

            def before_step(_migration: Migration, place: int, steps: int) -> None:
                advance(done_before - steps + place - 1)

            applied = await migrate(address, progress=before_step)
            advance(done_before)
        await set_passwords(address)
    return applied


async def _status(settings: Settings) -> Sequence[Step]:
    if not has_database(settings):
        return [Step(one.version, one.name, None) for one in read_chain()]
    async with reach_database(settings) as address:
        return await status(address)


def _time(at_ms: int | None) -> str | None:
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms / 1_000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def make_template(kind: str, value: str, as_json: bool) -> EndpointTemplate:
    """Return what the endpoints are to look like; ends the command when no endpoint can."""
    if kind not in tuple(EndpointType):
        detail = f"--type must be one of {', '.join(EndpointType)}"
        fail(detail, code="invalid-input", exit_code=ExitCode.USAGE, as_json=as_json)
    example = value.replace("{client_id}", "c").replace("{rule}", "1").replace("{endpoint}", "1")
    if problems := check_endpoint(kind, example, None, None):
        lines = [f"--endpoint {problem.detail}" for problem in problems]
        fail("; ".join(lines), code="invalid-input", lines=lines, exit_code=ExitCode.USAGE, as_json=as_json)
    return EndpointTemplate(EndpointType(kind), value)


def run_testdata(
    settings: Settings,
    dataset: Dataset,
    template: EndpointTemplate,
    size: Size,
    *,
    seed: int,
    force: bool,
    as_json: bool,
) -> None:
    """Load *dataset* into the database, and say what was stored."""
    now_ms = time.time_ns() // 1_000_000

    def data() -> Iterator[ClientData]:
        return make_dataset(dataset, template=template, now_ms=now_ms, seed=seed, size=size)

    begun = time.monotonic()
    with report_errors(as_json=as_json):
        data()  # What is wrong with the template is told before a database is started.
        try:
            loaded = asyncio.run(_load(settings, data, size, force=force, as_json=as_json))
        except Conflict:
            detail = (
                "there are other clients in the database, such as those of the demo: "
                "load into an empty one, or beside them with --force"
            )
            fail(detail, code="conflict", exit_code=ExitCode.REFUSED, as_json=as_json)
    seconds = time.monotonic() - begun
    if as_json:
        counts = {"clients": loaded.clients, "rules": loaded.rules, "endpoints": loaded.endpoints}
        write_json({"set": str(dataset), **counts, "seconds": round(seconds, 3)})
        return
    print(
        f"{loaded.clients:,} clients, {loaded.rules:,} rules and {loaded.endpoints:,} endpoints stored "
        f"in {seconds:.1f} s; what was there already is not counted"
    )


async def _load(
    settings: Settings, data: Callable[[], Iterator[ClientData]], size: Size, *, force: bool, as_json: bool
) -> Loaded:
    total = size.clients + size.rules + size.endpoints
    async with reach_database(settings) as address:
        await migrate(address)
        async with open_pools(address, size_max=2) as pools:
            with progress("loading", total=total, unit="rows", shown=not as_json) as advance:
                return await PgBulkLoader(pools).load(
                    (one.client for one in data()),
                    (rule for one in data() for rule in one.rules),
                    (endpoint for one in data() for endpoint in one.endpoints),
                    beside_other_data=force,
                    progress=lambda loaded: advance(loaded.clients + loaded.rules + loaded.endpoints),
                )


def run_create(settings: Settings, *, partitions: int, keep_ms: int, dead_letters_keep_ms: int, as_json: bool) -> None:
    """Make the topics that are not there yet, and say which."""
    with report_errors(as_json=as_json):
        require(settings, Dependency.KAFKA, needed_by="alerting topics")
        made = asyncio.run(
            create_topics(
                kafka_address(settings),
                partitions=partitions,
                keep_ms=keep_ms,
                dead_letters_keep_ms=dead_letters_keep_ms,
            )
        )
    if as_json:
        write_json({"created": list(made), "there_already": [topic for topic in TOPICS if topic not in made]})
    elif made:
        print(f"created {', '.join(made)}, with {partitions} partitions each")
    else:
        print("all topics are there already; nothing was changed")


def run_list(settings: Settings, *, as_json: bool) -> None:
    """Show the topics as they are; ends with 1 when one is missing or cannot be used."""
    with report_errors(as_json=as_json):
        require(settings, Dependency.KAFKA, needed_by="alerting topics")
        address = kafka_address(settings)
        found = {state.name: state for state in asyncio.run(describe_topics(address))}
    missing = [topic for topic in TOPICS if topic not in found]
    if as_json:
        write_json({"topics": [asdict(state) for state in found.values()], "missing": missing})
    else:
        rows = [
            (address.name(topic), "-", "-", "missing: alerting topics create", "")
            if topic in missing
            else (
                address.name(topic),
                str(found[topic].partitions),
                str(found[topic].replicas),
                _kept(found[topic].keep_ms),
                f"{found[topic].leaderless} partitions without a leader" if found[topic].leaderless else "",
            )
            for topic in TOPICS
        ]
        write_table(["topic", "partitions", "replicas", "kept", ""], rows)
    if missing or any(state.leaderless for state in found.values()):
        raise SystemExit(ExitCode.FAILED)


def _kept(keep_ms: int) -> str:
    return "for ever" if keep_ms < 0 else f"{keep_ms / 3_600_000:,.0f} h"
