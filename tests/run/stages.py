"""The runs of pytest, and of what tests programs of other languages, that make up the test command."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.run.tally import NO_TESTS
from tests.support.install.alone import Alone, install_api_alone, install_core_alone
from tests.support.install.place import CHECKOUT
from tests.support.install.pyodide import NODE, pyodide_folder
from tests.support.install.unavailable import Unavailable

WORKERS_MAX: Final = 4
"""Of pytest at once: each may run a database server of its own."""

WAITING_WORKERS_MAX: Final = 8
"""Where tests wait for processes a good part of the time: half as many again as there are processors, up to so many."""

BYTECODE: Final = CHECKOUT / "build" / "bytecode"

_ALONE: Final = ("-c", "tests/core_alone.ini", "--confcutdir=tests/unit", "-q")
_CORE: Final = (*_ALONE, "tests/unit/core")
_API: Final = (*_ALONE, "tests/unit/api", "tests/unit/playground")


@dataclass(frozen=True, slots=True)
class Stage:
    """One run of pytest.

    Attributes:
        name: What to type to run it alone.
        says: What it shows.
        run: Runs it, writes a JUnit report to the path given, and returns pytest's exit code.
    """

    name: str
    says: str
    run: Callable[[Path], int]


def stage_environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a stage that is run in the environment *inherited*."""
    environment = {"HYPOTHESIS_PROFILE": "ci", **inherited}
    # A run starts some hundred Pythons. Where none may keep what it compiled, as in many containers, each compiles
    # all that it imports: 1.7 s of the 2.5 s that the platform takes. It is kept apart from the sources then.
    if environment.pop("PYTHONDONTWRITEBYTECODE", ""):
        environment.setdefault("PYTHONPYCACHEPREFIX", str(BYTECODE))
    return environment


def _call(command: Sequence[str | Path]) -> int:
    environment = stage_environment(os.environ)
    return subprocess.run(command, cwd=CHECKOUT, env=environment, check=False).returncode


def _pytest(*levels: str, options: Sequence[str] = ()) -> Callable[[Path], int]:
    def run(report: Path) -> int:
        folders = [f"tests/{level}" for level in levels if (CHECKOUT / "tests" / level).is_dir()]
        if not folders:
            return NO_TESTS
        return _call([sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *options, *folders])

    return run


def _isolated(report: Path) -> int:
    return _call([install_core_alone().python, "-m", "pytest", *_CORE, f"--junitxml={report}"])


def _isolated_api(report: Path) -> int:
    return _call([install_api_alone().python, "-m", "pytest", *_API, f"--junitxml={report}"])


def _pyodide(report: Path) -> int:
    return _call_in_browser(install_core_alone(), _CORE, report)


def _pyodide_api(report: Path) -> int:
    return _call_in_browser(install_api_alone(), _API, report)


def _call_in_browser(alone: Alone, tests: Sequence[str], report: Path) -> int:
    runner = CHECKOUT / "tests" / "pyodide" / "run_tests.mjs"
    places = [pyodide_folder(), alone.browser_site, CHECKOUT, report.parent]
    return _call([*NODE, runner, *places, *tests, f"--junitxml=/results/{report.name}"])


def _ui(report: Path) -> int:
    exit_code = _call([sys.executable, ".make/ui.py", "test", f"--report={report}"])
    if exit_code == os.EX_UNAVAILABLE:
        raise Unavailable("its packages cannot be had from the npm registry")
    return exit_code


def _workers() -> str:
    return str(min(os.cpu_count() or 1, WORKERS_MAX))


def _waiting_workers() -> str:
    processors = os.cpu_count() or 1
    return str(min(processors + (processors + 1) // 2, WAITING_WORKERS_MAX))


STAGES: Final = (
    Stage(
        "parts",
        "each part by itself: unit, property, contract, simulation, api, playground, tidy",
        _pytest(
            *("unit", "property", "contract", "simulation", "api", "playground", "tidy"),
            options=[f"--numprocesses={_workers()}", "--dist=worksteal", "--durations=25"],
        ),
    ),
    Stage(
        "whole",
        "the whole on real servers: integration, e2e",
        _pytest(
            *("integration", "e2e"),
            options=[
                "-m=not alone",
                f"--numprocesses={_waiting_workers()}",
                "--dist=loadfile",
                "--no-loadscope-reorder",  # In the order of tests/conftest.py.
                "--durations=12",
            ],
        ),
    ),
    Stage(
        "alone",
        "what is promised within a time, or needs all of the machine, one after the other",
        _pytest("integration", "e2e", options=["-m=alone", "--durations=12"]),
    ),
    Stage("ui", "the parts of the user interface", _ui),
    Stage(
        "browser",
        "the pages in a real browser, on the platform and on the playground",
        # By worksteal, one begins with those on the platform, the other with those on the playground.
        _pytest("browser", options=["-m=not alone", "--numprocesses=2", "--dist=worksteal", "--durations=8"]),
    ),
    Stage(
        "browser-alone",
        "what is promised of pages within a time",
        # In a process of its own: a browser's driver keeps the event loop that other tests want to start.
        _pytest("browser", options=["-m=alone"]),
    ),
    Stage("isolated", "the core, with nothing else installed", _isolated),
    Stage("isolated-api", "the API, and the playground's bridge to it, with nothing but what they need", _isolated_api),
    Stage("pyodide", "the core, in the browser's Python", _pyodide),
    Stage("pyodide-api", "the API, and the playground's bridge to it, in the browser's Python", _pyodide_api),
)
