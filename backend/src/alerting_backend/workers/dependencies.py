"""What processes of the distributed mode stand on: connected when first used, checked, waited for at the start."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from enum import StrEnum
from typing import ClassVar, Final

import structlog

from alerting_backend.adapters.kafka.connection import KafkaAddress
from alerting_backend.adapters.kafka.sink import KafkaSink
from alerting_backend.adapters.postgres.pools import Pool
from alerting_backend.adapters.postgres.schema.chain import read_chain
from alerting_backend.adapters.postgres.schema.migrate import schema_version
from alerting_backend.adapters.redis.connection import RedisServer
from alerting_backend.runtime.reporting import is_reported
from alerting_backend.settings import PREFIX, Settings
from alerting_core.app.operations import ReadinessCheck
from alerting_core.errors import AlertingError, PortUnavailable
from alerting_core.stages.loop import Failure, retry_until_stopped

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


class DependencyNotSet(AlertingError):
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


def schema_check(pool: Pool) -> ReadinessCheck:
    """Return the check that Postgres answers and has the schema that this version works with."""
    needed = read_chain()[-1].version

    async def check() -> None:
        version = await schema_version(pool)
        if version < needed:
            detail = f"its schema is at step {version} of {needed} (alerting migrate)"
            raise PortUnavailable("postgres", operation="ready", detail=detail)

    return check


def redis_check(server: RedisServer) -> ReadinessCheck:
    """Return the check that Redis answers."""

    async def check() -> None:
        await server.ask("ready", "PING")

    return check


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
            raise PortUnavailable(name, operation="start", detail=f"no answer in {LOOK_SECONDS_MAX:g} s") from None

    def report(failure: Failure) -> None:
        if is_reported(failure):
            reason = failure.error.detail
            _log.warning("dependency_waiting", dependency=name, failures=failure.in_a_row, reason=reason)

    if stop.is_set() or not await retry_until_stopped(look, stop=stop, on_failure=report):
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


def sink_on(address: KafkaAddress, stack: AsyncExitStack) -> KafkaSink:
    """Return a sink that is closed with *stack*."""
    sink = KafkaSink(address)
    stack.push_async_callback(sink.close)
    return sink
