"""Writing results: tables and progress for people, JSON for programs."""

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import orjson


def write_json(value: Any) -> None:
    """Write one JSON document on a line of its own."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode() + "\n")
    sys.stdout.flush()


def write_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None) -> None:
    """Write a table; long cells are folded, never cut off."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    _console().print(table, markup=False, highlight=False)


def _console() -> Any:
    from rich.console import Console

    # Into a file or a pipe nothing is folded at 80 columns.
    return Console(width=None if sys.stdout.isatty() else 200, markup=False, highlight=False, emoji=False)
