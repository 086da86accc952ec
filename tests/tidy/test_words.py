"""The words of the project: none that say nothing, none that belong elsewhere."""

import ast
import re
from collections.abc import Iterator
from typing import Final

from tests.tidy.sources import functions, python_sources, written_sources

# A name made of one of these says where something was put, not what it is.
EMPTY_WORDS: Final = {"chunk", "handler", "helper", "helpers", "manager", "service", "util", "utils"}
# Names that libraries give; they are theirs.
THEIRS: Final = {"exception_handler", "add_exception_handler", "http_exception_handler", "get_route_handler", "handler"}

SENTENCE_WORDS_MIN: Final = 4
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LATER: Final = re.compile(r"\b(TO[D]O|FIX[M]E|XX[X]|HAC[K])\b")  # Written so that it does not find itself.
_MACHINE_PATH: Final = re.compile(r"(?<![\w.])/(home|root|Users|work|farm|opt)/\w[\w./-]*")


def test_no_name_uses_a_word_that_says_nothing() -> None:
    found = [
        f"{source.path}: {name}"
        for source in python_sources()
        for name in _names_given(source.path, source.tree())
        if name not in THEIRS
        and not name.startswith("test_")
        and EMPTY_WORDS.intersection(word.lower() for word in _WORD.findall(name))
    ]
    assert found == []


def test_nothing_is_put_off_in_a_comment() -> None:
    assert [source.path for source in written_sources() if _LATER.search(source.text)] == []


def test_no_file_names_a_folder_of_one_machine() -> None:
    found = [
        f"{source.path}: {match.group()}"
        for source in written_sources()
        for match in _MACHINE_PATH.finditer(source.text)
        if not match.group().startswith("/home/pyodide")
    ]
    assert found == []


def test_every_test_name_is_a_sentence() -> None:
    short = [
        f"{source.path}: {function.name}"
        for source in python_sources("tests")
        for function in functions(source.tree())
        if function.name.startswith("test_")
        and len(function.name.removeprefix("test_").split("_")) < SENTENCE_WORDS_MIN
    ]
    assert short == []


def _names_given(path: str, tree: ast.Module) -> Iterator[str]:
    """Yield the names that a file gives: its own, and those of its classes and functions."""
    yield from path.removesuffix(".py").split("/")
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith(
            "test_"
        ):
            yield node.name
