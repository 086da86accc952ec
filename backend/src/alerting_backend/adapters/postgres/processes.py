"""Which processes of a Postgres server live: told by the folder that they work in, which is the data folder.

A process number alone proves nothing: after a crash it may have gone to any other program.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What a server writes about itself into `postmaster.pid`.

    Attributes:
        status: `starting`, `ready`, `stopping` or `standby`; empty when it has written nothing yet.
    """

    process_id: int
    port: int
    socket_folder: Path
    status: str


def read_postmaster(data: Path) -> Postmaster | None:
    """Return what the note in *data* says; None without a note that is complete enough to reach a server by."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    if len(lines) < 5 or not lines[0].strip().isdigit() or not lines[3].strip().isdigit():
        return None
    status = lines[7].strip() if len(lines) > 7 else ""
    return Postmaster(int(lines[0]), int(lines[3]), Path(lines[4].strip()), status)


def running_postmaster(data: Path) -> Postmaster | None:
    """Return the server that runs on *data*, starting and stopping ones included."""
    noted = read_postmaster(data)
    return noted if noted is not None and is_alive(noted.process_id, data) else None


def is_alive(process_id: int, data: Path) -> bool:
    """Tell whether *process_id* is a living process that works in *data*."""
    try:
        return _works_in(psutil.Process(process_id), data)
    except psutil.NoSuchProcess:
        return False


def processes_in(data: Path) -> Sequence[psutil.Process]:
    """Return all processes that work in *data*: a server's, or what is left of one whose head was killed."""
    return list(_processes_in(data))


def _processes_in(data: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            if _works_in(process, data) and process.name().startswith("postgres"):
                yield process
        except psutil.NoSuchProcess:
            continue


def _works_in(process: psutil.Process, data: Path) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == data
    except psutil.AccessDenied:
        return False  # Another user's: it cannot work in our folder.
