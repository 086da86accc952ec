"""A real Redis server: the one on PATH, or Debian's package unpacked into `.tools`."""

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

MAJOR_MIN: Final = 7
"""The oldest version that the platform promises to work with."""


@dataclass(frozen=True, slots=True)
class RedisProgram:
    """A `redis-server` that starts, in an environment with `environment` added."""

    binary: Path
    environment: Mapping[str, str] = field(default_factory=dict[str, str])


def redis_program() -> RedisProgram:
    """Return a server program of at least `MAJOR_MIN`.

    Raises:
        Unavailable: When it is not on PATH, and this is no Debian, or an old one, or its packages cannot be reached.
    """
    if (on_path := shutil.which("redis-server")) and _major(found := RedisProgram(Path(on_path))) >= MAJOR_MIN:
        return found
    with sole_installer("redis") as folder:
        binary = folder / "usr" / "bin" / "redis-server"
        if not binary.exists() or _major(RedisProgram(binary, library_path(folder))) == 0:
            shutil.rmtree(folder)
            # The server is a link to a program of the tools.
            unpack_packages(folder, "redis-server", "redis-tools")
        program = RedisProgram(binary, library_path(folder))
        if (major := _major(program)) < MAJOR_MIN:
            raise Unavailable(f"Redis {MAJOR_MIN} is needed, and this system's package is of version {major}")
        return program


def _major(program: RedisProgram) -> int:
    """Return the first part of its version; 0 when it does not start."""
    assignments = [f"{name}={value}" for name, value in program.environment.items()]
    try:
        told = run_installer(["env", *assignments, program.binary, "--version"])
    except (Unavailable, subprocess.SubprocessError):
        return 0
    version = re.search(r"v=(\d+)\.", told)
    return int(version.group(1)) if version else 0
