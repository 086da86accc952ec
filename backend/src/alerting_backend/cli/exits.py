"""How commands end: exit codes that mean something, and errors on standard error, with what to do about them."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import NoReturn

import typer

from alerting_backend.cli.output import json_line, shown
from alerting_core.errors import AlertingError, Conflict, InvalidInput, PortUnavailable


class ExitCode(IntEnum):
    """What the exit code of a command means."""

    OK = 0
    FAILED = 1
    """It was tried, and did not succeed, or not wholly."""
    USAGE = 2
    """The command, its options or the settings are wrong."""
    UNAVAILABLE = 3
    """Something that it needs is away or taken."""
    REFUSED = 4
    """It could be done, and was refused so that nothing is harmed."""
    NO_MATCH = 5
    """It was done, and what was asked about matches nothing."""


_BY_CODE = {
    "settings-invalid": ExitCode.USAGE,
    "address-unusable": ExitCode.UNAVAILABLE,
    "embedded-postgres-failed": ExitCode.UNAVAILABLE,
    "migration-locked": ExitCode.UNAVAILABLE,
    "migration-refused": ExitCode.REFUSED,
    "data-folder-in-use": ExitCode.REFUSED,
    "database-in-use": ExitCode.REFUSED,
}


@contextmanager
def told_errors(*, as_json: bool = False) -> Iterator[None]:
    """Tell an error that was raised on purpose, and end with its exit code. Any other is a bug and is left alone."""
    try:
        yield
    except AlertingError as error:
        tell_and_exit(error, as_json=as_json)


def tell_and_exit(error: AlertingError, *, as_json: bool) -> NoReturn:
    """Write *error* to standard error and end."""
    fail(error.detail, code=error.code, lines=_problems_of(error), exit_code=exit_code_of(error), as_json=as_json)


def fail(detail: str, *, code: str, exit_code: ExitCode, lines: Sequence[str] = (), as_json: bool = False) -> NoReturn:
    """Write what went wrong, line by line where there is more than one thing, and end."""
    if as_json:
        problem = {"error": code, "detail": detail, "problems": list(lines)}
        sys.stderr.write(json_line(problem))
    elif lines:
        sys.stderr.write("".join(f"error: {shown(line)}\n" for line in lines))
    else:
        sys.stderr.write(f"error: {shown(detail)}\n")
    raise typer.Exit(exit_code)


def exit_code_of(error: AlertingError) -> ExitCode:
    """Return the exit code that *error* means."""
    if error.code in _BY_CODE:
        return _BY_CODE[error.code]
    match error:
        case InvalidInput():
            return ExitCode.USAGE
        case PortUnavailable():
            return ExitCode.UNAVAILABLE
        case Conflict():
            return ExitCode.REFUSED
        case _:
            return ExitCode.FAILED


def _problems_of(error: AlertingError) -> Sequence[str]:
    if isinstance(error, InvalidInput):
        return [f"{problem.path} {problem.detail}".strip() for problem in error.problems]
    problems: Sequence[str] = getattr(error, "problems", ())
    return problems
