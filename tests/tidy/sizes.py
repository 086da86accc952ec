"""How finely each package is cut: `python -m tests.tidy.sizes`.

What is small is read on its own; what is imported is looked up elsewhere. Where a tenth of all lines are imports, one
idea lies in several files.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tests.tidy.sources import Source, python_sources

PACKAGES: Final = {
    "core": "core/src",
    "api": "api/src",
    "backend": "backend/src",
    "playground": "playground/bridge",
    "lambdas": "lambdas/src",
}

SMALL_LINES: Final = 40
"""A file with fewer lines is a small one, apart from an `__init__`, which holds a docstring alone."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """What was counted in one package.

    Attributes:
        files: Without those that hold a docstring alone.
        lines: Non-blank ones.
        import_lines: Those of import statements, wherever they stand.
        small_files: With fewer than `SMALL_LINES` lines.
    """

    files: int
    lines: int
    import_lines: int
    small_files: int

    @property
    def imports_percent(self) -> float:
        """Import lines of a hundred."""
        return 100 * self.import_lines / self.lines

    @property
    def small_percent(self) -> float:
        """Small files of a hundred."""
        return 100 * self.small_files / self.files


def measure(sources: Iterable[Source]) -> Sizes:
    """Count the lines of *sources*."""
    counted = [source for source in sources if len(source.tree().body) > 1 or not source.path.endswith("__init__.py")]
    return Sizes(
        files=len(counted),
        lines=sum(1 for source in counted for line in source.text.splitlines() if line.strip()),
        import_lines=sum(
            (node.end_lineno or node.lineno) - node.lineno + 1 for source in counted for node in _imports(source)
        ),
        small_files=sum(len(source.text.splitlines()) < SMALL_LINES for source in counted),
    )


def circles(sources: Iterable[Source], root: str) -> list[tuple[str, ...]]:
    """Return the circles of imports between modules below *root*, those for type checking alone included.

    Each is a way from a module back to itself, one for each set of modules that all lead to each other.
    """
    by_name = {_module_name(source.path, root): source for source in sources}
    arrows = {name: sorted(_imported(source, by_name) - {name}) for name, source in by_name.items()}
    return sorted(_way_round(group, arrows) for group in _knots(arrows) if len(group) > 1)


def _imports(source: Source) -> Iterator[ast.Import | ast.ImportFrom]:
    return (node for node in ast.walk(source.tree()) if isinstance(node, ast.Import | ast.ImportFrom))


def _module_name(path: str, root: str) -> str:
    return path.removeprefix(f"{root}/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _imported(source: Source, known: Mapping[str, Source]) -> set[str]:
    found: set[str] = set()
    for node in _imports(source):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        else:
            # A name that is imported from a package may be one of its modules.
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
            found.add(node.module or "")
    return found & known.keys()


def _knots(arrows: Mapping[str, Sequence[str]]) -> list[set[str]]:
    """Return the sets of modules that all lead to each other (Tarjan's algorithm)."""
    numbers: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    found: list[set[str]] = []

    def visit(name: str) -> None:
        numbers[name] = lowest[name] = len(numbers)
        path.append(name)
        for other in arrows[name]:
            if other not in numbers:
                visit(other)
                lowest[name] = min(lowest[name], lowest[other])
            elif other in path:
                lowest[name] = min(lowest[name], numbers[other])
        if lowest[name] == numbers[name]:
            start = path.index(name)
            found.append(set(path[start:]))
            del path[start:]

    for name in arrows:
        if name not in numbers:
            visit(name)
    return found


def _way_round(group: set[str], arrows: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return a shortest way from the first module of *group* back to it."""
    first = min(group)
    ways = [(first,)]
    seen = {first}
    while ways:
        longer: list[tuple[str, ...]] = []
        for way in ways:
            for other in arrows[way[-1]]:
                if other == first:
                    return (*way, first)
                if other in group and other not in seen:
                    seen.add(other)
                    longer.append((*way, other))
        ways = longer
    raise AssertionError("in a knot every module leads back to itself")


def main() -> None:
    """Print the sizes of all packages, and the circles."""
    print(f"{'package':<12}{'files':>7}{'lines':>9}{'imports':>10}{f'under {SMALL_LINES} lines':>17}{'circles':>9}")
    all_circles: list[tuple[str, ...]] = []
    for name, folder in PACKAGES.items():
        sources = python_sources(folder)
        sizes, found = measure(sources), circles(sources, folder)
        all_circles += found
        percent = f"{sizes.imports_percent:.1f} %", f"{sizes.small_percent:.1f} %"
        print(f"{name:<12}{sizes.files:>7,}{sizes.lines:>9,}{percent[0]:>10}{percent[1]:>17}{len(found):>9}")
    for circle in all_circles:
        print("circle: " + " → ".join(circle))


if __name__ == "__main__":
    main()
