"""Where things are: the top level is fixed, and the core stands alone."""

import ast
import runpy
import sys
from collections.abc import Iterator
from typing import Final

from tests.tidy.sources import CHECKOUT, python_sources, repository_files

TOP_LEVEL: Final = {
    *("api", "backend", "core", "lambdas", "migrations", "playground", "proto", "terraform", "tests", "ui"),
    *("CHANGELOG.md", "Makefile", "README.md", "compose.yaml", "pyproject.toml", "uv.lock"),
}


def test_the_top_level_holds_what_the_design_names_and_dot_files() -> None:
    entries = {path.split("/", 1)[0] for path in repository_files()}
    assert {entry for entry in entries if not entry.startswith(".")} - TOP_LEVEL == set()


def test_the_core_imports_the_standard_library_alone() -> None:
    assert list(_imported_from_elsewhere("core/src", "alerting_core")) == []


def test_the_api_imports_the_core_and_what_it_is_made_with_alone() -> None:
    allowed = ("alerting_core", "alerting_api", "fastapi", "pydantic", "pydantic_core", "starlette")
    assert list(_imported_from_elsewhere("api/src", *allowed)) == []


def test_the_playground_imports_the_core_the_api_and_the_standard_library_alone() -> None:
    allowed = ("alerting_core", "alerting_api", "alerting_playground", "fastapi")
    assert list(_imported_from_elsewhere("playground/bridge", *allowed)) == []


def test_every_package_tells_type_checkers_that_it_is_typed() -> None:
    packages = [
        *(
            "core/src/alerting_core",
            "api/src/alerting_api",
            "backend/src/alerting_backend",
            "lambdas/src/alerting_lambdas",
        ),
        "playground/bridge/alerting_playground",
    ]
    assert [package for package in packages if not (CHECKOUT / package / "py.typed").is_file()] == []


def test_the_lock_file_names_the_public_index_alone() -> None:
    foreign_sources = runpy.run_path(str(CHECKOUT / ".make" / "lock_hosts.py"))["foreign_sources"]
    assert foreign_sources('source = { registry = "/srv/wheels" }') == ["/srv/wheels"]
    assert foreign_sources((CHECKOUT / "uv.lock").read_text(encoding="utf-8")) == []


def _imported_from_elsewhere(folder: str, *packages: str) -> Iterator[str]:
    allowed = {*sys.stdlib_module_names, *packages}
    for source in python_sources(folder):
        for module in _imported_modules(source.tree()):
            if module.split(".", 1)[0] not in allowed:
                yield f"{source.path}: {module}"


def test_the_lock_files_of_npm_name_the_public_registry_or_none() -> None:
    foreign_npm_sources = runpy.run_path(str(CHECKOUT / ".make" / "lock_hosts.py"))["foreign_npm_sources"]
    assert foreign_npm_sources('"resolved": "http://mirror/a.tgz"') == ["http://mirror/a.tgz"]
    locks = [path for path in repository_files() if path.endswith("package-lock.json")]
    assert "ui/package-lock.json" in locks
    found = {path: foreign_npm_sources((CHECKOUT / path).read_text(encoding="utf-8")) for path in locks}
    assert {path: addresses for path, addresses in found.items() if addresses} == {}


def _imported_modules(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "import a name from where it lives, by its full path"
            yield node.module or ""
