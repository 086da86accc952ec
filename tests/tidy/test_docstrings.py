"""What is public in the core says what it means."""

import ast
from collections.abc import Iterator

from tests.tidy.sources import python_sources

Named = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def test_every_public_name_of_the_core_has_a_docstring() -> None:
    found = [
        f"{source.path}:{node.lineno} {node.name}"
        for source in python_sources("core/src")
        for node in _public_names(source.tree())
        if ast.get_docstring(node) is None
    ]
    assert found == []


def test_package_files_of_the_core_hold_a_docstring_and_nothing_else() -> None:
    found = [
        source.path
        for source in python_sources("core/src")
        if source.path.endswith("/__init__.py")
        and source.path != "core/src/alerting_core/__init__.py"  # This one re-exports.
        and (ast.get_docstring(source.tree()) is None or len(source.tree().body) > 1)
    ]
    assert found == []


def _public_names(scope: ast.Module | ast.ClassDef) -> Iterator[Named]:
    for node in scope.body:
        if isinstance(node, Named) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from _public_names(node)
