"""A server is the process that was started, and no other."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from tests.support.servers.process import ServerEnded, ServerProcess


class Talker(ServerProcess):
    """Says one line, and then waits or ends."""

    says = "import signal; print('ready', flush=True); signal.pause()"

    def command(self) -> Sequence[str | Path]:
        return [sys.executable, "-c", self.says]

    def is_ready(self) -> bool:
        return "ready" in self.log_since_start()


class Failing(Talker):
    says = "raise SystemExit('the disk is full')"


def test_a_server_is_started_once_and_stopped(tmp_path: Path) -> None:
    server = Talker(tmp_path)
    server.start()
    try:
        first = server.running()
        server.start()
        assert server.running() == first is not None
    finally:
        server.stop()
    assert server.running() is None


def test_a_server_is_found_again_by_its_folder(tmp_path: Path) -> None:
    server = Talker(tmp_path)
    server.start()
    try:
        again = Talker(tmp_path)
        assert again.running() == server.running()
        again.kill()
        assert server.running() is None
    finally:
        server.stop()


def test_a_paused_server_can_be_stopped(tmp_path: Path) -> None:
    server = Talker(tmp_path)
    server.start()
    server.pause()
    server.stop()
    assert server.running() is None


def test_a_server_that_ends_at_its_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(ServerEnded, match="the disk is full"):
        Failing(tmp_path).start()


def test_another_process_with_the_same_number_is_left_alone(tmp_path: Path) -> None:
    own = psutil.Process(os.getpid())
    (tmp_path / "pid").write_text(f"{own.pid} {own.create_time() - 60}", encoding="utf-8")
    server = Talker(tmp_path)
    assert server.running() is None
    server.kill()
