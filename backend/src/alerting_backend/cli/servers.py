"""Commands that need no running platform.

`alerting migrate`, `alerting testdata` and `alerting topics` work on the servers that a platform stands on; `alerting
settings`, `alerting openapi` and `alerting bench` on none.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from alerting_backend.adapters.kafka.topics import TOPICS, create_topics, describe_topics
from alerting_backend.adapters.postgres import connection, schema
from alerting_backend.adapters.postgres.catalog.rules import PgBulkLoader
from alerting_backend.cli.output import ExitCode, fail, progress, report_errors, write_json, write_table
from alerting_backend.embedded_postgres import processes, server
from alerting_backend.settings import Settings, describe
from alerting_backend.wiring import dependencies, kafka
from alerting_core.domain.endpoint import EndpointType
from alerting_core.domain.endpoint_check import check_endpoint
from alerting_core.errors import Conflict
from alerting_core.generator.testdata import ClientData, Dataset, EndpointTemplate, Size, make_dataset
from alerting_core.ports.catalog import Loaded


def has_database(settings: Settings) -> bool:
    """Tell whether there is a database to be looked at, without making one."""
    return settings.postgres_dsn is not None or (settings.data_dir / "postgres" / "PG_VERSION").exists()


@asynccontextmanager
async def reach_database(settings: Settings) -> AsyncIterator[connection.Address]:
    """Yield the address of the database; the embedded one stays as it was found, running or not.

    Raises:
        AlertingError: It cannot be had; the detail says what to do.
    """
    own = dependencies.address_set_in(settings)
    if own is not None:
        yield own
        return
    running = processes.running_postmaster((settings.data_dir / "postgres").resolve())
    if running is not None and running.status == "ready":
        yield connection.Address.of_socket(running.socket_folder, port=running.port, database=server.DATABASE)
        return
    async with server.embedded_postgres(settings.data_dir) as address:
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
        write_json([{"version": s.version, "name": s.name, "applied_at": _time_text(s.applied_at_ms)} for s in steps])
        return
    rows = [(f"{step.version:04}", step.name, _time_text(step.applied_at_ms) or "pending") for step in steps]
    write_table(["version", "name", "applied at"], rows)


async def _migrate(settings: Settings, *, as_json: bool) -> Sequence[schema.Migration]:
    async with reach_database(settings) as address:
        with progress("migrating", total=len(schema.read_chain()), unit="steps", shown=not as_json) as advance:
            done_before = len(schema.read_chain())

            def before_step(_migration: schema.Migration, place: int, steps: int) -> None:
                advance(done_before - steps + place - 1)

            applied = await schema.migrate(address, progress=before_step)
            advance(done_before)
        await schema.set_passwords(address)
    return applied


async def _status(settings: Settings) -> Sequence[schema.Step]:
    if not has_database(settings):
        return [schema.Step(one.version, one.name, None) for one in schema.read_chain()]
    async with reach_database(settings) as address:
        return await schema.status(address)


def _time_text(at_ms: int | None) -> str | None:
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
        await schema.migrate(address)
        async with connection.open_pools(address, size_max=2) as pools:
            with progress("loading", total=total, unit="rows", shown=not as_json) as advance:
                return await PgBulkLoader(pools).load(
                    (one.client for one in data()),
                    (rule for one in data() for rule in one.rules),
                    (endpoint for one in data() for endpoint in one.endpoints),
                    beside_other_data=force,
                    progress=lambda loaded: advance(loaded.clients + loaded.rules + loaded.endpoints),
                )


def run_create_topics(
    settings: Settings, *, partitions: int, keep_ms: int, dead_letters_keep_ms: int, as_json: bool
) -> None:
    """Make the topics that are not there yet, and say which."""
    with report_errors(as_json=as_json):
        dependencies.require(settings, dependencies.Dependency.KAFKA, needed_by="alerting topics")
        made = asyncio.run(
            create_topics(
                kafka.kafka_address(settings),
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


def run_list_topics(settings: Settings, *, as_json: bool) -> None:
    """Show the topics as they are; ends with 1 when one is missing or cannot be used."""
    with report_errors(as_json=as_json):
        dependencies.require(settings, dependencies.Dependency.KAFKA, needed_by="alerting topics")
        address = kafka.kafka_address(settings)
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
                _kept_for(found[topic].keep_ms),
                f"{found[topic].leaderless} partitions without a leader" if found[topic].leaderless else "",
            )
            for topic in TOPICS
        ]
        write_table(["topic", "partitions", "replicas", "kept", ""], rows)
    if missing or any(state.leaderless for state in found.values()):
        raise SystemExit(ExitCode.FAILED)


def _kept_for(keep_ms: int) -> str:
    return "for ever" if keep_ms < 0 else f"{keep_ms / 3_600_000:,.0f} h"


def write_settings(settings: Settings, *, as_json: bool) -> None:
    """Write every setting with its value and meaning."""
    described = describe(settings)
    if as_json:
        write_json([asdict(each) for each in described])
        return
    rows = [(each.name, each.value or "–", "" if each.is_default else "set", each.says) for each in described]
    write_table(["setting", "value", "", "what it is"], rows)


def write_openapi(file: Path, *, as_json: bool) -> None:
    """Write the document to *file*."""
    import orjson

    from alerting_backend.api.app import make_routes

    document = make_routes().openapi()
    text = orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if str(file) == "-":
        print(text.decode(), end="")
        return
    try:
        file.write_bytes(text)
    except OSError as error:
        detail = f"cannot write {file}: {error.strerror}"
        fail(detail, code="not-written", exit_code=ExitCode.FAILED, as_json=as_json)
    if as_json:
        write_json({"file": str(file), "operations": sum(map(len, document["paths"].values()))})
    else:
        print(f"{file} written")


_BENCHES: Final = Path("tests", "bench", "__main__.py")


def run_bench(names: Sequence[str], *, as_json: bool) -> None:
    """Run the benches named, or all of them."""
    checkout = _checkout()
    if checkout is None:
        detail = "the benches are part of the repository: run this in a checkout of it"
        fail(detail, code="no-checkout", exit_code=ExitCode.UNAVAILABLE, as_json=as_json)
    known = sorted(path.stem.removeprefix("bench_") for path in (checkout / _BENCHES).parent.glob("bench_*.py"))
    if unknown := sorted(set(names) - set(known)):
        detail = f"there is no bench {', '.join(unknown)}; there are {', '.join(known)}"
        fail(detail, code="unknown-bench", exit_code=ExitCode.USAGE, as_json=as_json)
    failed = [name for name in names or known if not _run_bench(name, checkout, as_json=as_json)]
    if as_json:
        write_json({"run": list(names or known), "failed": failed})
    if failed:
        raise SystemExit(ExitCode.FAILED)


def _run_bench(name: str, checkout: Path, *, as_json: bool) -> bool:
    if not as_json:
        print(f"\n── {name}", flush=True)
    output = sys.stderr if as_json else None
    command = [sys.executable, "-m", f"tests.bench.bench_{name}"]
    return subprocess.run(command, cwd=checkout, stdout=output, check=False).returncode == 0


def _checkout() -> Path | None:
    here = [Path.cwd(), *Path.cwd().parents, *Path(__file__).resolve().parents]
    return next((folder for folder in here if (folder / _BENCHES).is_file()), None)
