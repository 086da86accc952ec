"""`alerting up`, `alerting api` and `alerting worker`: long-running processes, their log, end and banner."""

import gc
import resource
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import structlog
import uvloop

from alerting_backend.adapters.postgres.schema import Migration
from alerting_backend.api.files import ui_folder
from alerting_backend.cli.output import ExitCode, fail, report_and_exit, report_errors, write_json
from alerting_backend.demo.page import ALERTS_MINUTES
from alerting_backend.embedded.platform import ALERT_EVERY_MS, Audience, Started, run_platform
from alerting_backend.runtime import listening, reporting
from alerting_backend.settings import Settings, SettingsInvalid, describe
from alerting_backend.wiring.dependencies import Dependency, require
from alerting_core.errors import AlertingError
from alerting_core.stages.batch import WorkerKind

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


_log_process = structlog.get_logger("alerting.process")


def logged_as(settings: Settings, *, as_json: bool) -> Settings:
    """Return *settings* with the form of the log that the command asks for, and begin to log like that."""
    if as_json:
        settings = replace(settings, log_format="json")
    reporting.configure_logs(settings.log_level, settings.log_format)
    return settings


def run_process(work: Callable[[listening.Stop], Coroutine[Any, Any, None]], settings: Settings, *, name: str) -> None:
    """Run *work* until it is told to stop; ends the process with the exit code that fits.

    Args:
        work: Ends soon after it is asked to.
        settings: For the form of the log.
        name: Of the process, in the events `<name>_stopped` and `<name>_failed`.
    """
    as_json = settings.log_format == "json"
    _allow_many_connections()
    _collect_less_often()
    try:
        uvloop.run(_run(work))
    except AlertingError as error:
        report_and_exit(error, as_json=as_json)
    except BaseExceptionGroup as group:
        _report_failures(group, name=name, as_json=as_json)
    _log_process.info(f"{name}_stopped")


async def _run(work: Callable[[listening.Stop], Coroutine[Any, Any, None]]) -> None:
    stop = listening.Stop()
    with listening.stop_on_signals(stop):
        await stop.guard(work(stop))


def _report_failures(group: BaseExceptionGroup[BaseException], *, name: str, as_json: bool) -> None:
    """End with a failure: what can be mended in a line, a bug with where it happened."""
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    code = first.code if isinstance(first, AlertingError) else "bug"
    _log_process.error(f"{name}_failed", code=code, exc_info=None if isinstance(first, AlertingError) else group)
    if isinstance(first, SettingsInvalid):
        report_and_exit(first, as_json=as_json)  # Seen only once something was made of them; nothing has begun.
    detail = str(first) if isinstance(first, AlertingError) else f"a bug ended the {name}: {first!r}"
    fail(
        f"{detail}\n(the {name} has stopped; what was accepted is kept)",
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


_log_up = structlog.get_logger("alerting.platform")


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
        _log_up.info("database_preparing", what=what)

    def step(migration: Migration, place: int, steps: int) -> None:
        _log_up.info("migration_applying", step=f"{place} of {steps}", version=migration.version, name=migration.name)

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


def run_worker_command(kind: WorkerKind, settings: Settings, *, as_json: bool) -> None:
    """Run one worker until somebody stops it."""
    # Late, as all of Kafka and Redis comes with it: the embedded platform starts without.
    from alerting_backend.workers.process import NEEDS, run_worker

    with report_errors(as_json=as_json):
        require(settings, *NEEDS[kind], needed_by=f"worker {kind}")
    settings = logged_as(settings, as_json=as_json)
    run_process(lambda stop: run_worker(kind, settings, stop), settings, name="worker")


def run_api_command(settings: Settings, *, as_json: bool) -> None:
    """Serve the API until somebody stops it."""
    from alerting_backend.workers.process import run_api

    with report_errors(as_json=as_json):
        require(settings, Dependency.KAFKA, Dependency.POSTGRES, needed_by="the API beside workers")
    settings = logged_as(settings, as_json=as_json)

    def show_key(key: str) -> None:
        if settings.log_format == "json":
            write_json({"event": "admin_key_made", "admin_key": key})
        else:
            sys.stdout.write(f"\n  Admin key  {key}  (shown this once: keep it)\n\n")
            sys.stdout.flush()

    run_process(lambda stop: run_api(settings, stop, show_key), settings, name="api")
