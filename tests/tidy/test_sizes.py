"""Files and functions stay small enough to be read in one go, and files large enough to hold one whole idea."""

from dataclasses import dataclass
from typing import Final

import pytest

from tests.tidy.sizes import PACKAGES, Sizes, circles, measure
from tests.tidy.sources import Source, functions, python_sources

FILE_LINES_MAX: Final = 400
"""One whole idea has room in it; most have it in 100 to 250 lines. The tail is where code goes bad."""

FUNCTION_LINES_MAX: Final = 60  # One screen.


def test_no_python_file_is_longer_than_two_units_of_thought() -> None:
    lines = {source.path: len(source.text.splitlines()) for source in python_sources()}
    assert {path: count for path, count in lines.items() if count > FILE_LINES_MAX} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    lines = {
        f"{source.path}:{function.lineno} {function.name}": (function.end_lineno or 0) - function.lineno + 1
        for source in python_sources()
        for function in functions(source.tree())
    }
    assert {name: count for name, count in lines.items() if count > FUNCTION_LINES_MAX} == {}


@dataclass(frozen=True, slots=True)
class Limit:
    """What a package may come to: import lines and small files of a hundred, and circles of imports."""

    imports_percent: float
    small_percent: float
    circles: int


AIM: Final = Limit(imports_percent=7.0, small_percent=5.0, circles=0)
"""What every package is to come to. The libraries that we learn from are at 4 to 6 % imports."""

LIMITS: Final = {
    "core": AIM,
    "api": AIM,
    "backend": AIM,
    "playground": AIM,
    # One file of seventy lines: it has nothing but what it puts together.
    "lambdas": Limit(imports_percent=23.0, small_percent=5.0, circles=0),
}
"""What each may come to; one with numbers of its own may only become less, and has AIM written in their place then."""


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_cut_no_finer_than_it_was(package: str) -> None:
    sizes, limit = measure(python_sources(PACKAGES[package])), LIMITS[package]
    assert sizes.imports_percent <= limit.imports_percent
    assert sizes.small_percent <= limit.small_percent


@pytest.mark.parametrize("package", PACKAGES)
def test_no_circle_of_imports_comes_into_a_package(package: str) -> None:
    found = circles(python_sources(PACKAGES[package]), PACKAGES[package])
    assert len(found) <= LIMITS[package].circles, found


def test_no_limit_is_below_what_is_aimed_at() -> None:
    """One that is better already is held to the aim, so that there is one number to agree on."""
    for limit in LIMITS.values():
        assert limit.imports_percent >= AIM.imports_percent
        assert limit.small_percent >= AIM.small_percent
        assert limit.circles >= AIM.circles


def test_what_is_measured_is_seen_in_a_small_example() -> None:
    files = {
        "a/__init__.py": '"""Nothing but this."""\n',
        "a/one.py": "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from a.two import Two\n\n\nONE = 1\n",
        "a/two.py": "from a.three import (\n    Three,\n)\n" + "\n\nclass Two:\n    pass\n" * 20,
        "a/three.py": "from a import one\n\nThree = one\n",
    }
    sources = [Source(f"src/{path}", text) for path, text in files.items()]
    assert measure(sources) == Sizes(files=3, lines=4 + 43 + 2, import_lines=2 + 3 + 1, small_files=2)
    assert circles(sources, "src") == [("a.one", "a.two", "a.three", "a.one")]
    assert circles(sources[:3], "src") == []
