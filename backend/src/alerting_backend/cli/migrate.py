"""`alerting migrate`."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from alerting_backend.adapters.postgres.chain import Migration, read_chain
from alerting_backend.adapters.postgres.migrate import Step, migrate, set_passwords, status
from alerting_backend.cli.database import has_database, reach_database
from alerting_backend.cli.exits import told_errors
from alerting_backend.cli.output import write_json, write_table
from alerting_backend.cli.progress import progress_bar
from alerting_backend.settings import Settings


def run_migrate(settings: Settings, *, as_json: bool) -> None:
    """Bring the schema up to date, and say what was done."""
    with told_errors(as_json=as_json):
        applied = asyncio.run(_migrate(settings, as_json=as_json))
    if as_json:
        write_json({"applied": [{"version": one.version, "name": one.name} for one in applied]})
    elif applied:
        print("applied " + ", ".join(f"{one.version:04}_{one.name}" for one in applied))
    else:
        print("the schema is up to date")


def show_status(settings: Settings, *, as_json: bool) -> None:
    """Say of every step whether it was applied; changes nothing."""
    with told_errors(as_json=as_json):
        steps = asyncio.run(_status(settings))
    if as_json:
        write_json([{"version": s.version, "name": s.name, "applied_at": _time(s.applied_at_ms)} for s in steps])
        return
    rows = [(f"{step.version:04}", step.name, _time(step.applied_at_ms) or "pending") for step in steps]
    write_table(["version", "name", "applied at"], rows)


async def _migrate(settings: Settings, *, as_json: bool) -> Sequence[Migration]:
    async with reach_database(settings) as address:
        with progress_bar("migrating", total=len(read_chain()), unit="steps", shown=not as_json) as advance:
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
