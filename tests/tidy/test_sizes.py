"""Files and functions stay small enough to be read in one go."""

from typing import Final

from tests.tidy.sources import functions, python_sources

FILE_LINES_MAX: Final = 300  # Twice what is aimed at; the tail is where code goes bad.
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
