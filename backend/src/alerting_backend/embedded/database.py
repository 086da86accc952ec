"""The database of the process, the embedded one or the operator's own, and what readiness depends on."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar, Final

from alerting_backend.adapters.postgres.connection import Address, SoleLock
from alerting_backend.adapters.postgres.pools import Pools, owner_connection
from alerting_backend.adapters.postgres.schema.migrate import Progress, migrate, set_passwords
from alerting_backend.embedded_postgres.embedded import embedded_postgres
from alerting_backend.embedded_postgres.processes import running_postmaster
from alerting_backend.settings import Settings
from alerting_backend.wiring.ports import address_set_in, postgres_check, rules_check
from alerting_core.app.operations import ReadinessCheck
from alerting_core.errors import AlertingError
from alerting_core.stages.batch import StageName
from alerting_core.topology import Pipeline


class PipelineNotRunning(AlertingError):
    """The pipeline has not been started yet, or is being stopped."""

    code: ClassVar[str] = "pipeline-not-running"


class Health:
    """Answers the checks.

    Attributes:
        pipeline_runs: Set by who runs it.
    """

    def __init__(self, pools: Pools, pipeline: Pipeline) -> None:
        """Look at *pools* and *pipeline*."""
        self._pools = pools
        self._pipeline = pipeline
        self.pipeline_runs = False

    def checks(self) -> Mapping[str, ReadinessCheck]:
        """Return all checks by name."""
        return {"postgres": postgres_check(self._pools.admin), "pipeline": self.pipeline, "streams": self.streams}

    async def pipeline(self) -> None:
        """See whether the pipeline runs, with rules that are current."""
        if not self.pipeline_runs:
            raise PipelineNotRunning("the pipeline does not run")
        await rules_check(self._pipeline.rules)()

    async def streams(self) -> None:
        """See whether the streams can be read."""
        await self._pipeline.streams[StageName.EVALUATOR].lag()

    async def wait_until_ready(self, *, look_s: float = 0.02) -> None:
        """Return when all checks pass."""
        while True:
            try:
                for check in self.checks().values():
                    await check()
            except AlertingError:
                await asyncio.sleep(look_s)
            else:
                return


_LOOK_SECONDS: Final = 2.0


class DatabaseInUse(AlertingError):
    """Another platform works on the database."""

    code: ClassVar[str] = "database-in-use"


class DatabaseGone(AlertingError):
    """The embedded database server has ended without being asked to."""

    code: ClassVar[str] = "database-gone"


@asynccontextmanager
async def open_database(settings: Settings, *, told: Callable[[str], None], step: Progress) -> AsyncIterator[Address]:
    """Yield the address of a database with the present schema, for this process alone.

    Args:
        settings: Name the data folder, or an own Postgres.
        told: Told what takes its time, perhaps from another thread.
        step: Told before each step of the migrations.

    Raises:
        AlertingError: It cannot be had; the detail says what to do.
    """
    own = address_set_in(settings)
    if own is None:
        async with embedded_postgres(settings.data_dir, told=told) as address:
            await migrate(address, progress=step)
            yield address
        return
    await migrate(own, progress=step)
    await set_passwords(own)
    async with _sole_platform(own):
        yield own


@asynccontextmanager
async def _sole_platform(address: Address) -> AsyncIterator[None]:
    """Hold the lock of the database; it is let go of with the connection, also by a process that dies."""
    async with owner_connection(address) as connection:
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", SoleLock.PLATFORM):
            raise DatabaseInUse(
                "another platform works on the database of ALERTING_POSTGRES_DSN: stop that one first, "
                "or name another database"
            )
        yield


async def watch_server(data_dir: Path, stop: asyncio.Event) -> None:
    """Raise DatabaseGone when the embedded server has ended, until *stop* is set."""
    data = (data_dir / "postgres").resolve()
    while not stop.is_set():
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                await stop.wait()
        except TimeoutError:
            if running_postmaster(data) is None:
                raise DatabaseGone(
                    f"the database server on {data} has ended, see {data.parent / 'postgres.log'}; "
                    "start again to go on: nothing that was accepted is lost"
                ) from None
