"""The folder that a server keeps its data in, whole or not there, and the one in which it puts its Unix socket."""

import hashlib
import os
import shutil
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from alerting_backend.embedded_postgres.processes import MAJOR, Account, ServerFailed, run_program


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
