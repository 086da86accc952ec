"""Logging: one line per event, for people or for programs, on standard output; never a secret, never a payload."""

import logging
import sys
from collections.abc import Sequence
from typing import Any, Final

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from alerting_backend.settings import LogFormat, LogLevel

_LIBRARIES: Final = ("uvicorn", "uvicorn.error", "asyncio", "aiohttp", "aiosmtplib", "mail.log", "mangum")
"""Their notes are of interest from WARNING on."""

_ROUTINE: Final = frozenset({"request_answered"})
"""Events that people want to see only when something went wrong."""


_TRACEBACKS: Final = structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=30)
"""Where it happened, without the values of variables: they may be secrets or payloads."""


def configure_logs(level: LogLevel, form: LogFormat) -> None:
    """Send the events of this program, and the warnings of its libraries, to standard output."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: Sequence[Processor] = (
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True) if form == "json" else _clock_time(),
    )
    structlog.configure(
        processors=[
            *([] if form == "json" or threshold <= logging.DEBUG else [_drop_routine]),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    output = logging.StreamHandler(sys.stdout)
    output.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_rendering(form)))
    logging.basicConfig(handlers=[output], level=threshold, force=True)
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(max(threshold, logging.WARNING))


def _rendering(form: LogFormat) -> Sequence[Processor]:
    drop = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if form == "json":
        return (
            drop,
            structlog.processors.ExceptionRenderer(_TRACEBACKS),
            structlog.processors.EventRenamer("event"),
            structlog.processors.JSONRenderer(sort_keys=False, ensure_ascii=False),
        )
    colours = sys.stdout.isatty()
    traceback = structlog.dev.plain_traceback
    return (
        drop,
        structlog.dev.ConsoleRenderer(colors=colours, pad_event_to=20, sort_keys=False, exception_formatter=traceback),
    )


def _clock_time() -> Processor:
    return structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)


def _drop_routine(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    status: Any = event.get("status")
    if event.get("event") in _ROUTINE and isinstance(status, int) and status < 400:
        raise structlog.DropEvent
    return event
