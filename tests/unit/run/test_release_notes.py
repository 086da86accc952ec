"""The notes of a release: those of its version in the changelog, or a refusal that says why."""

import runpy
from typing import Any

import pytest

from tests.support.install.place import CHECKOUT

RELEASE: dict[str, Any] = runpy.run_path(str(CHECKOUT / ".make" / "release_notes.py"))
CHANGELOG = """# Changelog

## [Unreleased]

### Added

- Not yet.

## [1.2.0] - 2026-01-02

### Added

- Something new.

## [1.1.0] - 2025-12-01

- Something old.

## [1.0.0] - 2025-11-01
"""


def notes(tag: str, *, version: str | None = None) -> str:
    found: str = RELEASE["notes_for"](tag, CHANGELOG, {"core/pyproject.toml": version or tag.removeprefix("v")})
    return found


def test_the_notes_are_those_of_the_version_alone() -> None:
    assert notes("v1.2.0") == "### Added\n\n- Something new.\n"
    assert notes("v1.1.0") == "- Something old.\n"


@pytest.mark.parametrize(
    ("tag", "version", "why"),
    [
        ("1.2.0", None, "is not the tag of a version"),
        ("v1.2", None, "is not the tag of a version"),
        ("v1.2.0", "1.1.9", "core/pyproject.toml has 1.1.9"),
        ("v1.3.0", None, "has no notes"),
        ("v1.0.0", None, "has no notes"),
    ],
)
def test_a_release_that_does_not_fit_is_refused(tag: str, version: str | None, why: str) -> None:
    with pytest.raises(RELEASE["Refused"], match=why):
        notes(tag, version=version)


def test_all_distributions_of_the_checkout_are_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    assert RELEASE["main"](["v999.0.0"]) == 1
    refused = capsys.readouterr().err
    for folder in ("core", "backend", "lambdas", "playground/bridge"):
        assert f"{folder}/pyproject.toml has " in refused
