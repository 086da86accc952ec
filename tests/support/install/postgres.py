"""The oldest PostgreSQL that is supported: the system's, or Debian's package unpacked into `.tools`."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.support.install.debian import library_path, unpack_packages
from tests.support.install.place import run_installer, sole_installer
from tests.support.install.unavailable import Unavailable

OLDEST_MAJOR: Final = 15
"""The oldest version that the platform promises to work with."""


@dataclass(frozen=True, slots=True)
class PostgresPrograms:
    """`folder` holds initdb and postgres, which start in an environment with `environment` added."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict[str, str])


def oldest_postgres_programs() -> PostgresPrograms:
    """Return the programs of `OLDEST_MAJOR`.

    Raises:
        Unavailable: They are not on this machine, and this is no Debian that has them, or it cannot be reached.
    """
    place = Path(f"usr/lib/postgresql/{OLDEST_MAJOR}/bin")
    found = [Path("/") / place]
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).resolve().parent)
    for folder in found:
        if _major(programs := PostgresPrograms(folder)) == OLDEST_MAJOR:
            return programs
    with sole_installer("postgres") as folder:
        programs = PostgresPrograms(folder / place, library_path(folder))
        if _major(programs) != OLDEST_MAJOR:
            shutil.rmtree(folder)
            unpack_packages(folder, f"postgresql-{OLDEST_MAJOR}")
            programs = PostgresPrograms(folder / place, library_path(folder))
            if _major(programs) != OLDEST_MAJOR:
                raise Unavailable(f"PostgreSQL {OLDEST_MAJOR} was unpacked and does not start")
        return programs


def _major(programs: PostgresPrograms) -> int:
    """Return the first part of their version; 0 when they do not start."""
    assignments = [f"{name}={value}" for name, value in programs.environment.items()]
    try:
        told = run_installer(["env", *assignments, programs.folder / "postgres", "--version"])
    except (Unavailable, subprocess.SubprocessError):
        return 0
    version = re.search(r" (\d+)\.", told)
    return int(version.group(1)) if version else 0
