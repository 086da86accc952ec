"""What processes stand on: connected when first used, checked, waited for; and the database of embedded mode."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

import structlog

from alerting_backend.adapters.postgres import ports, schema
from alerting_backend.adapters.postgres.connection import Address, Pool, Pools, Role, SoleLock, owner_connection
from alerting_backend.embedded_postgres import processes, server
from alerting_backend.runtime.reporting import is_reported
from alerting_backend.settings import PREFIX, Settings
from alerting_core import errors, topology
from alerting_core.app.operations import ReadinessCheck
from alerting_core.delivery.retry import RetrySchedule
from alerting_core.stages import batch, loop, rule_feed
from alerting_core.stages.send import DeliveryPolicy

if TYPE_CHECKING:
    # Embedded mode has no Redis, and starts without the time that importing its library takes.
    from alerting_backend.adapters.redis.connection import RedisFigures, RedisServer

LOOK_SECONDS_MAX: Final = 15.0
"""One look at a dependency while starting; a check of Kafka that takes longer gives up by itself."""

CLOSE_SECONDS_MAX: Final = 2.5
"""How long connections may take to be closed in order; what was durable stays so."""

_log = structlog.get_logger("alerting.worker")


class Dependency(StrEnum):
    """A server that a process needs."""

    KAFKA = "kafka"
    POSTGRES = "postgres"
    REDIS = "redis"


_SETTING: Final = {
    Dependency.KAFKA: "kafka_brokers",
    Dependency.POSTGRES: "postgres_dsn",
    Dependency.REDIS: "redis_url",
}


class DependencyNotSet(errors.AlertingError):
    """The settings do not say where a server is that the process needs."""

    code: ClassVar[str] = "settings-invalid"

    def __init__(self, names: list[str], *, needed_by: str) -> None:
        super().__init__(f"{' and '.join(names)} must be set: {needed_by} needs {'them' if len(names) > 1 else 'it'}")


def require(settings: Settings, *dependencies: Dependency, needed_by: str) -> None:
    """See that the settings lead to all of *dependencies*.

    Raises:
        DependencyNotSet: To some they do not.
    """
    names = [_SETTING[one] for one in dependencies if getattr(settings, _SETTING[one]) is None]
    if names:
        raise DependencyNotSet([PREFIX + name.upper() for name in names], needed_by=needed_by)


def address_set_in(settings: Settings) -> Address | None:
    """Return the address of the operator's own Postgres; None: the embedded one is used."""
    if settings.postgres_dsn is None:
        return None
    passwords = {
        Role.API: settings.postgres_api_password,
        Role.ADMIN: settings.postgres_admin_password,
        Role.WORKER: settings.postgres_worker_password,
    }
    return Address(settings.postgres_dsn, {role: given for role, given in passwords.items() if given is not None})


def schema_check(pool: Pool) -> ReadinessCheck:
    """Return the check that Postgres answers and has the schema that this version works with."""
    needed = schema.read_chain()[-1].version

    async def check() -> None:
        version = await schema.schema_version(pool)
        if version < needed:
            detail = f"its schema is at step {version} of {needed} (alerting migrate)"
            raise errors.PortUnavailable("postgres", operation="ready", detail=detail)

    return check


def redis_check(server: "RedisServer") -> ReadinessCheck:
    """Return the check that Redis answers."""

    async def check() -> None:
        await server.ask("ready", "PING")

    return check


RULES_AGE_MS_MAX: Final = 30_000
"""Rules that were not confirmed for so long may be out of date; the evaluator asks twice a second."""


class RulesNotLoaded(errors.AlertingError):
    """The evaluator has no rules yet."""

    code: ClassVar[str] = "rules-not-loaded"


class RulesOutdated(errors.AlertingError):
    """The evaluator could not ask for changes of rules for a while."""

    code: ClassVar[str] = "rules-outdated"


def rules_check(rules: rule_feed.RuleFeed) -> ReadinessCheck:
    """Return the check that an evaluator has rules, and that they are current."""

    async def check() -> None:
        age_ms = rules.age_ms()
        if age_ms is None:
            raise RulesNotLoaded("the rules are being loaded")
        if age_ms > RULES_AGE_MS_MAX:
            raise RulesOutdated(f"the rules were last confirmed {age_ms // 1_000} s ago")

    return check


async def open_figures(settings: Settings, stack: AsyncExitStack) -> "RedisFigures | None":
    """Return the board of figures, connected when first used and closed with *stack*; None without a Redis."""
    if settings.redis_url is None:
        return None
    from alerting_backend.adapters.redis.connection import FigureKeys, RedisFigures, open_redis

    server = await stack.enter_async_context(open_redis(settings.redis_url))
    return RedisFigures(server, FigureKeys(settings.redis_prefix))


DRAIN_MS: Final = 5_000
"""How long deliveries under way may take to end when stopping: it leaves time for the rest within ten seconds."""


def delivery_policy(settings: Settings) -> DeliveryPolicy:
    """Return the policy of this process's sender."""
    schedule = RetrySchedule(settings.retry_schedule, settings.retry_jitter_percent)
    return DeliveryPolicy(schedule=schedule, drain_ms=DRAIN_MS)


async def wait_for_all(checks: Mapping[str, ReadinessCheck], stop: asyncio.Event) -> bool:
    """Wait until all *checks* have passed once, side by side; return False when *stop* was set before.

    Says which dependency is waited for, why, and when it is there.
    """
    waiting = [_wait_for(name, check, stop) for name, check in checks.items()]
    return all(await asyncio.gather(*waiting))


async def _wait_for(name: str, check: ReadinessCheck, stop: asyncio.Event) -> bool:
    async def look() -> None:
        try:
            async with asyncio.timeout(LOOK_SECONDS_MAX):
                await check()
        except TimeoutError:
            raise errors.PortUnavailable(
                name, operation="start", detail=f"no answer in {LOOK_SECONDS_MAX:g} s"
            ) from None

    def report(failure: loop.Failure) -> None:
        if is_reported(failure):
            reason = failure.error.detail
            _log.warning("dependency_waiting", dependency=name, failures=failure.in_a_row, reason=reason)

    if stop.is_set() or not await loop.retry_until_stopped(look, stop=stop, on_failure=report):
        return False
    _log.info("dependency_ready", dependency=name)
    return True


async def close_in_time(stack: AsyncExitStack) -> None:
    """Close what was opened, in order, for `CLOSE_SECONDS_MAX` at the most."""
    closing = asyncio.create_task(stack.aclose())
    await asyncio.wait([closing], timeout=CLOSE_SECONDS_MAX)
    if closing.done():
        closing.result()
        return
    _log.warning("closing_cut_off", seconds=CLOSE_SECONDS_MAX)
    closing.cancel()
    await asyncio.wait([closing], timeout=0.5)


class PipelineNotRunning(errors.AlertingError):
    """The pipeline has not been started yet, or is being stopped."""

    code: ClassVar[str] = "pipeline-not-running"


class Health:
    """Answers the checks.

    Attributes:
        pipeline_runs: Set by who runs it.
    """

    def __init__(self, pools: Pools, pipeline: topology.Pipeline) -> None:
        """Look at *pools* and *pipeline*."""
        self._pools = pools
        self._pipeline = pipeline
        self.pipeline_runs = False

    def checks(self) -> Mapping[str, ReadinessCheck]:
        """Return all checks by name."""
        return {"postgres": ports.postgres_check(self._pools.admin), "pipeline": self.pipeline, "streams": self.streams}

    async def pipeline(self) -> None:
        """See whether the pipeline runs, with rules that are current."""
        if not self.pipeline_runs:
            raise PipelineNotRunning("the pipeline does not run")
        await rules_check(self._pipeline.rules)()

    async def streams(self) -> None:
        """See whether the streams can be read."""
        await self._pipeline.streams[batch.StageName.EVALUATOR].lag()

    async def wait_until_ready(self, *, look_s: float = 0.02) -> None:
        """Return when all checks pass."""
        while True:
            try:
                for check in self.checks().values():
                    await check()
            except errors.AlertingError:
                await asyncio.sleep(look_s)
            else:
                return


class DatabaseInUse(errors.AlertingError):
    """Another platform works on the database."""

    code: ClassVar[str] = "database-in-use"


class DatabaseGone(errors.AlertingError):
    """The embedded database server has ended without being asked to."""

    code: ClassVar[str] = "database-gone"


@asynccontextmanager
async def open_database(
    settings: Settings, *, told: Callable[[str], None], step: schema.Progress
) -> AsyncIterator[Address]:
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
        async with server.embedded_postgres(settings.data_dir, told=told) as address:
            await schema.migrate(address, progress=step)
            yield address
        return
    await schema.migrate(own, progress=step)
    await schema.set_passwords(own)
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


_WATCH_SECONDS: Final = 2.0
"""Between two looks at the embedded server."""


async def watch_server(data_dir: Path, stop: asyncio.Event) -> None:
    """Raise DatabaseGone when the embedded server has ended, until *stop* is set."""
    data = (data_dir / "postgres").resolve()
    while not stop.is_set():
        try:
            async with asyncio.timeout(_WATCH_SECONDS):
                await stop.wait()
        except TimeoutError:
            if processes.running_postmaster(data) is None:
                raise DatabaseGone(
                    f"the database server on {data} has ended, see {data.parent / 'postgres.log'}; "
                    "start again to go on: nothing that was accepted is lost"
                ) from None
