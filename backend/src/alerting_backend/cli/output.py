"""Writing results: tables for people, JSON for programs; and foreign text as text, whatever it holds."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import orjson


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
