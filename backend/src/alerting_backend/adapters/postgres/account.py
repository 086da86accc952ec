"""Whom the embedded Postgres runs as.

Postgres refuses to run as root. Started by an ordinary user it runs as that user. Started by root it runs as whoever
owns the data already, else as the account `postgres` where there is one, else as `nobody`: no account is made, since
this program is not to change who may log in to a machine.
"""

import os
import pwd
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
