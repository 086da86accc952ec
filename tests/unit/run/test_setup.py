"""`make` installs what a target needs, once: what runs the platform, or all that a contributor needs on top of it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.install.place import CHECKOUT

TO_RUN, TO_WORK = ".make/setup run", ".make/setup work"
LOCKED = [
    *("uv.lock", "pyproject.toml", ".make/setup", ".make/uv"),
    *(f"{folder}/pyproject.toml" for folder in ("core", "backend", "lambdas", "playground/bridge")),
]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder with what decides about an installation, all of it an hour old, and nothing installed."""
    for name in ("Makefile", *LOCKED):
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(CHECKOUT / name, target)
        age(target, seconds=3_600)
    return tmp_path


def age(path: Path, *, seconds: int) -> None:
    at = path.stat().st_mtime - seconds
    os.utime(path, (at, at))


def install(checkout: Path, stamp: str, *, by: Path | None = None) -> None:
    (checkout / ".venv").mkdir(exist_ok=True)
    (checkout / ".venv" / f".installed-to-{stamp}").write_text(f"{by or checkout}\n")


def installs(checkout: Path, target: str) -> list[str]:
    """Return what `make` would install for *target*."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    dry = ["make", "--dry-run", "--no-print-directory", target]
    done = subprocess.run(dry, cwd=checkout, env=environment, capture_output=True, text=True, check=True)
    return [line.removeprefix("@") for line in done.stdout.splitlines() if line.startswith(".make/setup")]


def test_what_runs_the_platform_is_enough_to_run_it(checkout: Path) -> None:
    assert installs(checkout, "run") == [TO_RUN]
    install(checkout, "run")
    assert installs(checkout, "run") == []
    assert installs(checkout, "test") == [TO_WORK]


def test_after_an_installation_for_work_nothing_is_left_to_install(checkout: Path) -> None:
    install(checkout, "run")
    install(checkout, "work")
    assert installs(checkout, "run") == installs(checkout, "lint") == installs(checkout, "test") == []


@pytest.mark.parametrize("changed", LOCKED)
def test_a_change_of_what_is_locked_installs_anew(changed: str, checkout: Path) -> None:
    install(checkout, "run")
    install(checkout, "work")
    (checkout / changed).touch()
    for stamp in ("run", "work"):
        age(checkout / ".venv" / f".installed-to-{stamp}", seconds=60)
    assert installs(checkout, "run") == [TO_RUN]
    assert installs(checkout, "lint") == [TO_WORK]


def test_a_checkout_that_was_copied_or_moved_installs_anew(checkout: Path) -> None:
    install(checkout, "run", by=Path("/elsewhere"))
    install(checkout, "work", by=Path("/elsewhere"))
    assert installs(checkout, "run") == [TO_RUN]
    assert installs(checkout, "lint") == [TO_WORK]
