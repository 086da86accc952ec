"""`alerting up`: runs the platform, and tells a person about it."""

import time
from contextlib import suppress
from typing import Any

import structlog

from alerting_backend.adapters.postgres.chain import Migration
from alerting_backend.cli.banner import write_banner
from alerting_backend.cli.exits import ExitCode, fail
from alerting_backend.cli.output import write_json
from alerting_backend.cli.process import logged_as, run_process
from alerting_backend.embedded.platform import Audience, Started, run_platform
from alerting_backend.settings import Settings

_log = structlog.get_logger("alerting.platform")


def run_up(settings: Settings, *, as_json: bool) -> None:
    """Run until somebody stops it; ends the process with the exit code that fits."""
    _refuse_foreign_settings(settings, as_json=as_json)
    settings = logged_as(settings, as_json=as_json)
    audience = _audience(settings, as_json=settings.log_format == "json")
    run_process(lambda stop: run_platform(settings, stop, audience), settings, name="platform")


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
