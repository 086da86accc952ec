"""What all long-running commands share: their log, their end, and what they tell of it."""

import gc
import resource
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any

import structlog
import uvloop

from alerting_backend.cli.exits import ExitCode, fail, tell_and_exit
from alerting_backend.runtime.logs import configure_logs
from alerting_backend.runtime.stopping import Stop, stop_on_signals
from alerting_backend.settings import Settings, SettingsInvalid
from alerting_core.errors import AlertingError

_log = structlog.get_logger("alerting.process")


def logged_as(settings: Settings, *, as_json: bool) -> Settings:
    """Return *settings* with the form of the log that the command asks for, and begin to log like that."""
    if as_json:
        settings = replace(settings, log_format="json")
    configure_logs(settings.log_level, settings.log_format)
    return settings


def run_process(work: Callable[[Stop], Coroutine[Any, Any, None]], settings: Settings, *, name: str) -> None:
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
        tell_and_exit(error, as_json=as_json)
    except BaseExceptionGroup as group:
        _tell_failures(group, name=name, as_json=as_json)
    _log.info(f"{name}_stopped")


async def _run(work: Callable[[Stop], Coroutine[Any, Any, None]]) -> None:
    stop = Stop()
    with stop_on_signals(stop):
        await stop.guard(work(stop))


def _tell_failures(group: BaseExceptionGroup[BaseException], *, name: str, as_json: bool) -> None:
    """End with a failure: what can be mended in a line, a bug with where it happened."""
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    code = first.code if isinstance(first, AlertingError) else "bug"
    _log.error(f"{name}_failed", code=code, exc_info=None if isinstance(first, AlertingError) else group)
    if isinstance(first, SettingsInvalid):
        tell_and_exit(first, as_json=as_json)  # Seen only once something was made of them; nothing has begun.
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
