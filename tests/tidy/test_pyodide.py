"""The browser's Python that is tested is the one that people get.

It is locked twice. The playground takes it from among all that the pages are built with, some 400 MB. The tests that
run in it without any page install nothing else, some 14 MB: they need none of the rest, nor the time that it takes.
"""

import json

from tests.tidy.sources import CHECKOUT


def test_the_pyodide_of_the_tests_is_the_one_of_the_playground() -> None:
    assert _locked("tests/pyodide") == _locked("ui")


def _locked(folder: str) -> tuple[str, str]:
    """Return its version, and the digest of its content."""
    lock = json.loads((CHECKOUT / folder / "package-lock.json").read_text(encoding="utf-8"))
    package = lock["packages"]["node_modules/pyodide"]
    return package["version"], package["integrity"]
