"""Where things are: the top level is fixed, and the core stands alone."""

import ast
import re
import runpy
import sys
import tomllib
from collections.abc import Iterator
from typing import Final

from tests.tidy.sources import CHECKOUT, python_sources, repository_files

TOP_LEVEL: Final = {
    *(
        "api",
        "backend",
        "core",
        "decisions",
        "lambdas",
        "migrations",
        "playground",
        "proto",
        "terraform",
        "tests",
        "ui",
    ),
    *("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md"),
    *("Makefile", "compose.yaml", "pyproject.toml", "uv.lock"),
}


def test_the_top_level_holds_what_the_design_names_and_dot_files() -> None:
    entries = {path.split("/", 1)[0] for path in repository_files()}
    assert {entry for entry in entries if not entry.startswith(".")} - TOP_LEVEL == set()


def test_the_core_imports_the_standard_library_alone() -> None:
    assert list(_imported_from_elsewhere("core/src", "alerting_core")) == []


def test_the_core_asks_its_clock_what_time_it_is() -> None:
    """No event loop: its time cannot be set by a test, and is another one in a browser."""
    asked = [
        f"{source.path}:{call.lineno}"
        for source in python_sources("core/src")
        for call in ast.walk(source.tree())
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "time"
    ]
    assert asked == []


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


def test_every_distribution_carries_the_licence_and_says_which_it_is() -> None:
    licence = (CHECKOUT / "LICENSE").read_bytes()
    assert b"Apache License" in licence
    distributions = [path for path in repository_files() if path.endswith("/pyproject.toml")]
    assert distributions
    for path in distributions:
        said = tomllib.loads((CHECKOUT / path).read_text(encoding="utf-8"))["project"]
        assert (said["license"], said["license-files"]) == ("Apache-2.0", ["LICENSE"]), path
        # A source distribution takes files from its own folder alone, so that each has a copy.
        assert (CHECKOUT / path).with_name("LICENSE").read_bytes() == licence, path


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


def test_every_action_of_a_workflow_is_pinned_to_a_commit() -> None:
    workflows = [path for path in repository_files() if path.startswith(".github/workflows/")]
    used = [line for path in workflows for line in re.findall(r"uses: (.+)", (CHECKOUT / path).read_text("utf-8"))]
    assert used
    # A tag can be moved to other code by whoever owns it; the comment is for people, and for updates.
    assert [one for one in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)] == []
