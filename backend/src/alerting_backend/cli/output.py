"""How commands write results and end: tables, progress and errors for people, JSON and exit codes for programs."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import Any, NoReturn, TypeAlias

import orjson
import typer

from alerting_core.errors import AlertingError, Conflict, InvalidInput, PortUnavailable


def write_json(value: Any) -> None:
    """Write one JSON document on a line of its own."""
    sys.stdout.write(json_line(value))
    sys.stdout.flush()


def json_line(value: Any) -> str:
    """Return *value* as a line of JSON; what `shown` would escape is escaped as JSON has it."""
    text = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    if not text.isprintable():
        text = "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)
    return text + "\n"


def shown(text: str) -> str:
    """Return *text* in a form that no terminal takes for a command, and that reads in the order of its characters.

    Names, reasons and messages come from whoever sent an alert or made a rule. Control characters, marks that turn the
    direction of text around, invisible characters and odd blanks become escapes (`\\x1b`, `\\u202e`); line ends stay.
    """
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def write_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None) -> None:
    """Write a table; long cells are folded, never cut off, and each is `shown`."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(shown, row))
    _console().print(table, markup=False, highlight=False)


def _console() -> Any:
    from rich.console import Console

    # Into a file or a pipe nothing is folded at 80 columns.
    return Console(width=None if sys.stdout.isatty() else 200, markup=False, highlight=False, emoji=False)


Advance: TypeAlias = Callable[[int], None]
"""Told how much is done by now, of all."""


@contextmanager
def progress(what: str, *, total: int, unit: str, shown: bool) -> Iterator[Advance]:
    """Show a bar while the block runs, with how many a second and how long it will take.

    A block that fails leaves no bar behind: beside the error it would look as if the work went on.
    """
    if not shown:
        yield lambda _done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=total, rate="")

        def advance(done: int) -> None:
            speed = bar.tasks[0].finished_speed or bar.tasks[0].speed
            bar.update(task, completed=done, rate=f"{speed:,.0f} {unit}/s" if speed else "")

        try:
            yield advance
        except Exception:
            bar.live.transient = True
            raise


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
def report_errors(*, as_json: bool = False) -> Iterator[None]:
    """Tell an error that was raised on purpose, and end with its exit code. Any other is a bug and is left alone."""
    try:
        yield
    except AlertingError as error:
        report_and_exit(error, as_json=as_json)


def report_and_exit(error: AlertingError, *, as_json: bool) -> NoReturn:
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
