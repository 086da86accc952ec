"""`make demo-reset` deletes data, but none that a server works on."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

from tests.support.install.place import CHECKOUT

SCRIPT = CHECKOUT / ".make" / "demo_reset.py"


def reset(data_dir: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ALERTING_DATA_DIR": str(data_dir)}
    return subprocess.run([sys.executable, SCRIPT], env=environment, capture_output=True, text=True, check=False)


def test_the_data_folder_is_gone_after_a_reset(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    (data_dir / "database").mkdir(parents=True)
    assert reset(data_dir).returncode == 0
    assert not data_dir.exists()


def test_a_reset_without_data_changes_nothing_and_is_no_error(tmp_path: Path) -> None:
    done = reset(tmp_path / "data")
    assert done.returncode == 0
    assert "does not exist" in done.stdout


def test_a_note_of_a_server_that_crashed_does_not_stop_a_reset(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    note = tmp_path / "data" / "postmaster.pid"
    note.parent.mkdir()
    note.write_text(f"{ended.pid}\n", encoding="utf-8")
    assert reset(note.parent).returncode == 0


def test_only_a_database_server_counts_as_one() -> None:
    is_running = runpy.run_path(str(SCRIPT))["is_running"]
    assert is_running(os.getpid()) is not Path("/proc/self/comm").exists()
