"""The folder that a server keeps its data in: whole or not there, and of the version that this program brings."""

import os
import shutil
import tempfile
from pathlib import Path

from alerting_backend.adapters.postgres.account import Account
from alerting_backend.adapters.postgres.programs import MAJOR, ServerFailed, run_program


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
