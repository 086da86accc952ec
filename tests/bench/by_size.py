"""What the benches share that measure the same at several numbers of rules: their table and their command line."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

from tests.bench.measure import machine

F = TypeVar("F")


def table(rows: Sequence[tuple[str, Callable[[F], str]]], figures: Sequence[F]) -> str:
    """Return a column for each of *figures*, a line for each of *rows*: its name, and how it is shown."""
    lines = [f"{name:<30}" + "".join(f"{show(f):>14}" for f in figures) for name, show in rows]
    return "\n".join([*lines, f"({machine()})"])


def measure_by_size(
    name: str,
    says: str | None,
    sizes: Sequence[int],
    measure: Callable[[int], Any],
    table_of: Callable[[list[Any]], str],
) -> int:
    """Measure at the sizes that the command line names, or at *sizes*, print the figures, and return the exit code.

    Args:
        name: Of the bench, as in its module `bench_…`.
        says: What it measures.
        sizes: Numbers of rules.
        measure: Returns the figures at one size, a dataclass.
        table_of: Shows the figures of all sizes.
    """
    parser = argparse.ArgumentParser(prog=f"python -m tests.bench.bench_{name}", description=says)
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object")
    parser.add_argument("--rules", type=int, nargs="+", default=sizes, help="measure at these sizes instead")
    arguments = parser.parse_args()
    figures: list[Any] = []
    for rules in sorted(arguments.rules):
        print(f"measuring with {rules:,} rules …", file=sys.stderr, flush=True)
        figures.append(measure(rules))
    if arguments.json:
        print(json.dumps({"machine": machine(), name: [asdict(f) for f in figures]}, indent=2))
    else:
        print(table_of(figures))
    return 0
