"""Delete the data folder of the embedded platform, unless a server still uses it."""

import os
import shutil
import sys
from pathlib import Path


def server_process(data_dir: Path) -> int | None:
    """Return the process id of a database server that runs on *data_dir*, or None."""
    for note in sorted(data_dir.rglob("postmaster.pid")):
        process_id = int(note.read_text(encoding="utf-8").split("\n", 1)[0])
        if is_running(process_id):
            return process_id
    return None


def is_running(process_id: int) -> bool:
    """Tell whether there is such a process, and it is a database server where the system tells names."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # It is there, and another user's.
    name = Path(f"/proc/{process_id}/comm")
    # After a crash the note stays, and its number may have gone to any other process since.
    return not name.exists() or name.read_text(encoding="utf-8").strip() == "postgres"


def main() -> int:
    """Delete the folder and say so; return the exit code."""
    data_dir = Path(os.environ.get("ALERTING_DATA_DIR", ".data"))
    if not data_dir.is_dir():
        print(f"{data_dir} does not exist: the next start is the first one")
        return 0
    if (process_id := server_process(data_dir)) is not None:
        print(f"{data_dir} is in use by the database server with process id {process_id}: stop the platform first")
        return 1
    shutil.rmtree(data_dir)
    print(f"{data_dir} is deleted: the next start loads the demo afresh")
    return 0


if __name__ == "__main__":
    sys.exit(main())
