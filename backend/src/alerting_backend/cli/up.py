"""`alerting up`: the whole platform as one process, and the banner that says what to do with it."""

import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from typing import Any

import structlog

from alerting_backend.adapters.postgres.schema import Migration
from alerting_backend.api.files import ui_folder
from alerting_backend.cli import output, processes
from alerting_backend.demo.page import ALERTS_MINUTES
from alerting_backend.embedded.platform import ALERT_EVERY_MS, Audience, Started, run_platform
from alerting_backend.settings import Settings, describe

_BOLD, _DIM, _PLAIN = "\033[1m", "\033[2m", "\033[0m"


def write_banner(settings: Settings, started: Started, *, seconds: float) -> None:
    """Write address, key and next steps; lines that are to be copied are never broken."""
    rows = [
        ("Address", f"{started.url}  (open it, and sign in with the key)" if ui_folder() else started.url),
        ("API docs", f"{started.url}/docs"),
        ("Demo inbox", _demo_line(started)),
        ("Data", _data_line(settings)),
        ("Admin key", _key_line(settings, started)),
    ]
    name_and_version = f"Alerting platform {version('alerting-backend')}"
    lines = [
        "",
        f"  {{bold}}{name_and_version}{{plain}} is ready {{dim}}({seconds:.1f} s){{plain}}",
        "",
        *(f"  {{dim}}{name:<12}{{plain}}{text}" for name, text in rows),
        "",
        "  Next steps",
        *(f"    {line}" for line in _steps(started)),
        "",
        "  {dim}Ctrl-C stops it.{plain}",
        "",
    ]
    colours = sys.stdout.isatty()
    text = "\n".join(lines)
    for name, code in (("bold", _BOLD), ("dim", _DIM), ("plain", _PLAIN)):
        text = text.replace(f"{{{name}}}", code if colours else "")
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _demo_line(started: Started) -> str:
    if started.demo is None:
        return "none (ALERTING_DEMO=0)"
    if not started.demo.was_loaded:
        return f"{started.demo.url}  (its button sends alerts)"
    return f"{started.demo.url}  (watch it: an alert every {ALERT_EVERY_MS // 1_000} s for {ALERTS_MINUTES} minutes)"


def _data_line(settings: Settings) -> str:
    if settings.postgres_dsn is None:
        return f"{settings.data_dir.resolve()}"
    return next(each.value for each in describe(settings) if each.name == "ALERTING_POSTGRES_DSN")


def _key_line(settings: Settings, started: Started) -> str:
    if started.new_key is not None:
        return f"{{bold}}{started.new_key}{{plain}}  (shown this once: keep it)"
    if settings.admin_key is not None:
        return "as set in ALERTING_ADMIN_KEY"
    return "the one that the first start showed (lost? start once with ALERTING_ADMIN_KEY)"


def _steps(started: Started) -> Sequence[str]:
    authorization = '-H "Authorization: Bearer $ALERTING_KEY"'
    steps = [
        f"export ALERTING_KEY={started.new_key or 'alk_…'}",
        f"curl -s {started.url}/api/v1/alerts {authorization} \\",
        '  -H "Content-Type: application/json" \\',
        '  -d \'{"severity": "CRITICAL", "source": "checkout", "name": "payment-failed"}\'',
        f"curl -s '{started.url}/api/v1/notifications?limit=3' {authorization}",
    ]
    return [*steps, f"curl -s '{started.demo.url}?limit=3'"] if started.demo else steps


_log_up = structlog.get_logger("alerting.platform")


def run_up(settings: Settings, *, as_json: bool) -> None:
    """Run until somebody stops it; ends the process with the exit code that fits."""
    _refuse_foreign_settings(settings, as_json=as_json)
    settings = processes.logged_as(settings, as_json=as_json)
    audience = _audience(settings, as_json=settings.log_format == "json")
    processes.run_process(lambda stop: run_platform(settings, stop, audience), settings, name="platform")


def _refuse_foreign_settings(settings: Settings, *, as_json: bool) -> None:
    foreign = {"ALERTING_KAFKA_BROKERS": settings.kafka_brokers, "ALERTING_REDIS_URL": settings.redis_url}
    if lines := [f"{name} is set, but `alerting up` needs none: unset it" for name, value in foreign.items() if value]:
        output.fail(
            "; ".join(lines), code="settings-invalid", lines=lines, exit_code=output.ExitCode.USAGE, as_json=as_json
        )


def _audience(settings: Settings, *, as_json: bool) -> Audience:
    begun = time.monotonic()

    def told(what: str) -> None:
        _log_up.info("database_preparing", what=what)

    def step(migration: Migration, place: int, steps: int) -> None:
        _log_up.info("migration_applying", step=f"{place} of {steps}", version=migration.version, name=migration.name)

    def ready(started: Started) -> None:
        seconds = time.monotonic() - begun
        with suppress(BrokenPipeError):  # Nobody reads along: no reason to stop.
            if as_json:
                output.write_json(_ready_event(settings, started, seconds))
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
