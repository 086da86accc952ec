"""Where installed programs are kept, and how two processes do not install the same one at once."""

import fcntl
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.support.install.unavailable import Unavailable

CHECKOUT: Final = Path(__file__).resolve().parents[3]
TOOLS: Final = CHECKOUT / ".tools"

COMMAND_SECONDS_MAX: Final = 240  # Downloads of 60 MB on a slow line; more would eat up the time of the tests.


@contextmanager
def sole_installer(name: str) -> Iterator[Path]:
    """Yield the folder of program *name* while no other process installs it."""
    folder = TOOLS / name
    folder.mkdir(parents=True, exist_ok=True)
    with (TOOLS / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def run_installer(command: Sequence[str | Path], *, cwd: Path = CHECKOUT) -> str:
    """Run *command* and return its output.

    Raises:
        Unavailable: When it fails, is not on this machine, or takes longer than `COMMAND_SECONDS_MAX`.
    """
    name = Path(command[0]).name
    try:
        done = subprocess.run(
            command, cwd=cwd, capture_output=True, text=True, timeout=COMMAND_SECONDS_MAX, check=False
        )
    except FileNotFoundError as error:
        raise Unavailable(f"{name} is not on this machine") from error
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{name} took longer than {COMMAND_SECONDS_MAX} s") from error
    if done.returncode != 0:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        raise Unavailable(f"{name} failed: {lines[-1] if lines else f'exit code {done.returncode}'}")
    return done.stdout


def uv() -> str:
    """Return the path of the uv that this checkout uses."""
    return run_installer([CHECKOUT / ".make" / "uv"]).strip()
