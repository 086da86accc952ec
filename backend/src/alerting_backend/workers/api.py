"""The composition root of the API beside workers: from settings to a process that serves."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, closing

import structlog

from alerting_backend.adapters.kafka import dead_letters
from alerting_backend.adapters.postgres import connection, presence
from alerting_backend.adapters.postgres.ports import PostgresPorts
from alerting_backend.api import app
from alerting_backend.runtime import background, listening
from alerting_backend.settings import Settings
from alerting_backend.wiring import dependencies, kafka
from alerting_core.app import application, operations
from alerting_core.stages import loop, meter

_log = structlog.get_logger("alerting.api")


async def run_api(settings: Settings, stop: listening.Stop, show_key: Callable[[str], None]) -> None:
    """Serve the API until *stop* is asked for.

    Args:
        show_key: Told the first admin key when one was made, to be shown this once.

    Raises:
        AlertingError: It cannot be started; the detail says what to do.
        BaseExceptionGroup: Something of it failed as only a bug can.
    """
    with closing(listening.listen(settings.http_host, settings.http_port)) as listener:
        stop.is_serving = True
        stack = AsyncExitStack()
        _log.info("api_started", url=listening.url_of(listener))
        try:
            cluster, address = kafka.kafka_address(settings), dependencies.address_set_in(settings)
            assert address is not None, "the command has checked it"
            pools = await stack.enter_async_context(connection.open_pools(address, size_min=0))
            ports = PostgresPorts.on(pools, sink=kafka.sink_on(cluster, stack))
            checks: Mapping[str, operations.ReadinessCheck] = {
                "postgres": dependencies.schema_check(pools.admin),
                "kafka": kafka.kafka_check(cluster, stack),
            }
            use = application.Application.on(ports.application, placeholders=settings.placeholder_domains)
            container = app.make_container(
                ports,
                settings,
                stages=meter.StageMeter(),
                checks=checks,
                board=await dependencies.open_figures(settings, stack),
                letters=dead_letters.FreshDeadLetters(
                    lambda: dead_letters.KafkaDeadLetterStore(cluster, ports.application.sink)
                ),
            )
            server = listening.ApiServer(app.create_app(container))
            jobs = background.JobRunner(ports.jobs(), ports.application.sink, ports.application.clock)
            async with asyncio.TaskGroup() as tasks:
                # From the first moment on, so that probes are told what is waited for.
                tasks.create_task(server.serve(sockets=[listener]), name="api")
                await server.ready.wait()
                if await dependencies.wait_for_all(checks, stop.asked):
                    await _ensure_admin_key(use, settings, stop.asked, show_key)
                    _log.info("api_ready", url=listening.url_of(listener))
                    tasks.create_task(
                        presence.run_as_sole(pools.admin, connection.SoleLock.JOB_RUNNER, jobs.run, stop.asked),
                        name="jobs",
                    )
                    await stop.asked.wait()
                _log.info("api_stopping")
                server.stop()
        finally:
            await dependencies.close_in_time(stack)


async def _ensure_admin_key(
    use: application.Application, settings: Settings, stop: asyncio.Event, show_key: Callable[[str], None]
) -> None:
    """See to it that an operator can get in, also when Postgres goes away just now."""

    async def ensure() -> None:
        made = await use.keys.ensure_admin_key(settings.admin_key)
        if made is not None:
            show_key(made)

    await loop.retry_until_stopped(ensure, stop=stop)
