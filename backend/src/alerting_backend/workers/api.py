"""The composition root of the API in the distributed mode: alerts go to Kafka, everything else is in Postgres.

Any number of such processes serve side by side. Generator jobs are worked off by one of them at a time.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, closing

import structlog

from alerting_backend.adapters.kafka.dead_letters import FreshDeadLetters, KafkaDeadLetterStore
from alerting_backend.adapters.kafka.topics import SOURCES
from alerting_backend.adapters.postgres.connection import SoleLock
from alerting_backend.adapters.postgres.jobs import PgJobStore
from alerting_backend.adapters.postgres.pools import open_pools
from alerting_backend.adapters.postgres.presence import run_as_sole
from alerting_backend.api.app import create_app
from alerting_backend.runtime.job_runner import JobRunner
from alerting_backend.runtime.listening import ApiServer, Stop, listen, url_of
from alerting_backend.settings import Settings
from alerting_backend.wiring.ports import (
    PostgresPorts,
    address_set_in,
    kafka_address,
    kafka_check,
    make_container,
    open_figures,
)
from alerting_backend.workers.dependencies import close_in_time, schema_check, sink_on, wait_for_all
from alerting_core.app.application import Application
from alerting_core.app.operations import ReadinessCheck
from alerting_core.stages.loop import retry_until_stopped
from alerting_core.stages.meter import StageMeter

_log = structlog.get_logger("alerting.api")


async def run_api(settings: Settings, stop: Stop, show_key: Callable[[str], None]) -> None:
    """Serve the API until *stop* is asked for.

    Args:
        tell_key: Told the first admin key when one was made, to be shown this once.

    Raises:
        AlertingError: It cannot be started; the detail says what to do.
        BaseExceptionGroup: Something of it failed as only a bug can.
    """
    with closing(listen(settings.http_host, settings.http_port)) as listener:
        stop.is_serving = True
        stack = AsyncExitStack()
        _log.info("api_started", url=url_of(listener))
        try:
            kafka, address = kafka_address(settings), address_set_in(settings)
            assert address is not None, "the command has checked it"
            pools = await stack.enter_async_context(open_pools(address, size_min=0))
            ports = PostgresPorts.on(pools, sink=sink_on(kafka, stack))
            checks: Mapping[str, ReadinessCheck] = {
                "postgres": schema_check(pools.admin),
                "kafka": kafka_check(kafka, SOURCES, stack),
            }
            use = Application.on(ports.application, placeholders=settings.placeholder_domains)
            container = make_container(
                ports,
                settings,
                stages=StageMeter(),
                checks=checks,
                board=await open_figures(settings, stack),
                letters=FreshDeadLetters(lambda: KafkaDeadLetterStore(kafka, ports.application.sink)),
            )
            server = ApiServer(create_app(container))
            jobs = JobRunner(PgJobStore(pools), ports.application.sink, ports.application.clock)
            async with asyncio.TaskGroup() as tasks:
                # From the first moment on, so that probes are told what is waited for.
                tasks.create_task(server.serve(sockets=[listener]), name="api")
                await server.ready.wait()
                if await wait_for_all(checks, stop.asked):
                    await _ensure_admin_key(use, settings, stop.asked, show_key)
                    _log.info("api_ready", url=url_of(listener))
                    tasks.create_task(run_as_sole(pools.admin, SoleLock.JOB_RUNNER, jobs.run, stop.asked), name="jobs")
                    await stop.asked.wait()
                _log.info("api_stopping")
                server.stop()
        finally:
            await close_in_time(stack)


async def _ensure_admin_key(
    use: Application, settings: Settings, stop: asyncio.Event, show_key: Callable[[str], None]
) -> None:
    """See to it that an operator can get in, also when Postgres goes away just now."""

    async def ensure() -> None:
        made = await use.keys.ensure_admin_key(settings.admin_key)
        if made is not None:
            show_key(made)

    await retry_until_stopped(ensure, stop=stop)
