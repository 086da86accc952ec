"""`alerting up`: runs the platform, and tells a person about it."""

import gc
import resource
import time
from contextlib import suppress
from dataclasses import replace
from typing import Any

import structlog
import uvloop

from alerting_backend.adapters.postgres.chain import Migration
from alerting_backend.cli.banner import write_banner
from alerting_backend.cli.exits import ExitCode, fail, tell_and_exit
from alerting_backend.cli.output import write_json
from alerting_backend.embedded.platform import Audience, Started, run_platform
from alerting_backend.embedded.stopping import Stop, stop_on_signals
from alerting_backend.runtime.logs import configure_logs
from alerting_backend.settings import Settings
from alerting_core.errors import AlertingError

_log = structlog.get_logger("alerting.platform")


def run_up(settings: Settings, *, as_json: bool) -> None:
    """Run until somebody stops it; ends the process with the exit code that fits."""
    _refuse_foreign_settings(settings, as_json=as_json)
    if as_json:
        settings = replace(settings, log_format="json")
    as_json = settings.log_format == "json"
    configure_logs(settings.log_level, settings.log_format)
    _allow_many_connections()
    _collect_less_often()
    try:
        uvloop.run(_run(settings, _audience(settings, as_json=as_json)))
    except AlertingError as error:
        tell_and_exit(error, as_json=as_json)
    except BaseExceptionGroup as group:
        _tell_failures(group, as_json=as_json)
    _log.info("platform_stopped")


async def _run(settings: Settings, audience: Audience) -> None:
    stop = Stop()
    with stop_on_signals(stop):
        await stop.guard(run_platform(settings, stop, audience))


def _refuse_foreign_settings(settings: Settings, *, as_json: bool) -> None:
    foreign = {"ALERTING_KAFKA_BROKERS": settings.kafka_brokers, "ALERTING_REDIS_URL": settings.redis_url}
    if lines := [f"{name} is set, but `alerting up` needs none: unset it" for name, value in foreign.items() if value]:
        fail("; ".join(lines), code="settings-invalid", lines=lines, exit_code=ExitCode.USAGE, as_json=as_json)


def _audience(settings: Settings, *, as_json: bool) -> Audience:
    begun = time.monotonic()

    def told(what: str) -> None:
        _log.info("database_preparing", what=what)

    def step(migration: Migration, place: int, steps: int) -> None:
        _log.info("migration_applying", step=f"{place} of {steps}", version=migration.version, name=migration.name)

    def ready(started: Started) -> None:
        seconds = time.monotonic() - begun
        with suppress(BrokenPipeError):  # Nobody reads along: no reason to stop.
            if as_json:
                write_json(_ready_event(settings, started, seconds))
            else:
                write_banner(settings, started, seconds=seconds)

    return Audience(told=told, step=step, ready=ready)


def _ready_event(settings: Settings, started: Started, seconds: float) -> dict[str, Any]:
    return {
        "event": "platform_ready",
        "url": started.url,
        "admin_key": started.new_key,
        "data_dir": str(settings.data_dir.resolve()),
        "demo_inbox": started.demo.url if started.demo else None,
        "demo_loaded": started.demo.was_loaded if started.demo else False,
        "seconds": round(seconds, 3),
    }


def _tell_failures(group: BaseExceptionGroup[BaseException], *, as_json: bool) -> None:
    """End with a failure: what can be mended in a line, a bug with where it happened."""
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    code = first.code if isinstance(first, AlertingError) else "bug"
    _log.error("platform_failed", code=code, exc_info=None if isinstance(first, AlertingError) else group)
    detail = str(first) if isinstance(first, AlertingError) else f"a bug ended the platform: {first!r}"
    fail(
        f"{detail}\n(the platform has stopped; what it accepted is kept)",
        code=code,
        exit_code=ExitCode.FAILED,
        as_json=as_json,
    )


def _allow_many_connections() -> None:
    """Take as many open files as the system lets us: every connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _collect_less_often() -> None:
    """Look for cycles of garbage less often: under load that took nearly a tenth of the process's time."""
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
