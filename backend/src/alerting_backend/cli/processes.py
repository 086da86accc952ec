"""Long-running processes: their log and their end, and the commands `alerting api` and `alerting worker`."""

import gc
import resource
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any

import structlog
import uvloop

from alerting_backend.cli.output import ExitCode, fail, report_and_exit, report_errors, write_json
from alerting_backend.runtime import listening, reporting
from alerting_backend.settings import Settings, SettingsInvalid
from alerting_backend.wiring.dependencies import Dependency, require
from alerting_core.errors import AlertingError
from alerting_core.stages.batch import WorkerKind

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


def run_worker_command(kind: WorkerKind, settings: Settings, *, as_json: bool) -> None:
    """Run one worker until somebody stops it."""
    # Late, as is the API: a worker starts without what serves HTTP.
    from alerting_backend.workers.process import NEEDS, run_worker

    with report_errors(as_json=as_json):
        require(settings, *NEEDS[kind], needed_by=f"worker {kind}")
    settings = logged_as(settings, as_json=as_json)
    run_process(lambda stop: run_worker(kind, settings, stop), settings, name="worker")


def run_api_command(settings: Settings, *, as_json: bool) -> None:
    """Serve the API until somebody stops it."""
    from alerting_backend.workers.api import run_api

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
