"""Where the embedded Postgres puts its Unix socket: the system allows a path of about a hundred bytes."""

import hashlib
import os
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from alerting_backend.adapters.postgres.account import Account

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
