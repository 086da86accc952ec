"""Logging: one line per event, for people or for programs, on standard output; never a secret, never a payload."""

import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from alerting_backend.settings import LogFormat, LogLevel

_LIBRARIES: Final = ("uvicorn", "uvicorn.error", "asyncio", "aiohttp", "aiosmtplib", "mail.log", "mangum")
"""Their notes are of interest from WARNING on."""

_NOISY: Final = ("aiokafka", "kafka")
"""They tell of each of their tries, hundreds in an outage. What comes of it reaches us as an error, and is told."""

_EXTRA: Final = ("method", "path", "code", "reason", "detail", "key_id")
"""What the API, which logs by the standard library alone, tells beside the name of an event."""

_ROUTINE: Final = frozenset({"request_answered"})
"""Events that people want to see only when something went wrong."""


_TRACEBACKS: Final = structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=30)
"""Where it happened, without the values of variables: they may be secrets or payloads."""


@dataclass(frozen=True, slots=True)
class _Colours:
    dim: str = ""
    bold: str = ""
    loud: str = ""
    plain: str = ""


_COLOURS: Final = _Colours(dim="\033[2m", bold="\033[1m", loud="\033[1;33m", plain="\033[0m")
_NO_COLOURS: Final = _Colours()


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
    foreign: Sequence[Processor] = (*shared, structlog.stdlib.ExtraAdder(allow=_EXTRA))
    output.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=foreign, processors=_rendering(form)))
    logging.raiseExceptions = False  # Whoever closes our output, as `| head` does, is not to be told so, line by line.
    logging.basicConfig(handlers=[output], level=threshold, force=True)
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(max(threshold, logging.WARNING))
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.INFO if threshold <= logging.DEBUG else logging.CRITICAL)


def _rendering(form: LogFormat) -> Sequence[Processor]:
    drop = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if form == "json":
        return (
            drop,
            structlog.processors.ExceptionRenderer(_TRACEBACKS),
            _well_known_first,
            structlog.processors.JSONRenderer(sort_keys=False, ensure_ascii=False),
        )
    return (drop, _console_renderer(_COLOURS if sys.stdout.isatty() else _NO_COLOURS))


def _console_renderer(colours: _Colours) -> structlog.dev.ConsoleRenderer:
    def column(style: str, *, width: int = 0) -> structlog.dev.KeyValueColumnFormatter:
        return structlog.dev.KeyValueColumnFormatter(
            key_style=None, value_style=style, reset_style=colours.plain, value_repr=str, width=width
        )

    pairs = structlog.dev.KeyValueColumnFormatter(
        key_style=colours.dim, value_style="", reset_style=colours.plain, value_repr=_shown
    )
    return structlog.dev.ConsoleRenderer(
        columns=[
            structlog.dev.Column("", pairs),
            structlog.dev.Column("timestamp", column(colours.dim)),
            structlog.dev.Column("level", _LevelColumn(colours)),
            structlog.dev.Column("event", column(colours.bold, width=20)),
        ],
        sort_keys=False,
        exception_formatter=structlog.dev.plain_traceback,
    )


@dataclass(frozen=True, slots=True)
class _LevelColumn:
    """Says what is more than information, and nothing of what is not."""

    colours: _Colours

    def __call__(self, key: str, value: object) -> str:
        if value in {"info", "debug"}:
            return ""
        return f"{self.colours.loud}{str(value).upper()}{self.colours.plain}"


def _shown(value: object) -> str:
    text = str(value)
    return repr(text) if isinstance(value, str) and (" " in text or not text.isprintable()) else text


def _well_known_first(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {name: event[name] for name in ("timestamp", "level", "event") if name in event} | dict(event)


def _clock_time() -> Processor:
    return structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)


def _drop_routine(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    status: Any = event.get("status")
    if event.get("event") in _ROUTINE and isinstance(status, int) and status < 400:
        raise structlog.DropEvent
    return event
