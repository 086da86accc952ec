"""The embedded Postgres as a platform meets it: started, killed, started again, asked for twice."""

import asyncio
import os
import pwd
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

import psutil
import pytest

from alerting_backend.adapters.postgres.connection import owner_connection
from alerting_backend.embedded_postgres.processes import ServerFailed, processes_in, running_postmaster
from alerting_backend.embedded_postgres.server import (
    SETTINGS,
    FolderInUse,
    PostgresServer,
    embedded_postgres,
    sole_user,
)
from tests.support.install.place import CHECKOUT
from tests.support.postgres.servers import scratch_folder

GONE_SECONDS_MAX: Final = 60


class Holder:
    """A process with the embedded Postgres on a folder."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def add_row(self) -> int:
        """Commit one more row and return how many there are."""
        self._input.write("\n")
        self._input.flush()
        return int(self._line())

    def kill(self) -> None:
        """End it as the kernel does when memory runs out."""
        self.process.kill()
        self.process.wait(GONE_SECONDS_MAX)

    def stop(self) -> str:
        """Let it stop cleanly, and return what it wrote to the terminal beside its answers."""
        self._input.close()
        assert self.process.wait(GONE_SECONDS_MAX) == 0
        return self._complaints()

    def wait_until_ready(self) -> None:
        """Return when its database takes connections."""
        assert self._line() == "ready"

    @property
    def _input(self) -> IO[str]:
        assert self.process.stdin is not None
        return self.process.stdin

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        assert line, self._complaints()
        return line

    def _complaints(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read()


@contextmanager
def holder(folder: Path, *user: str) -> Iterator[Holder]:
    """Run a process with the embedded Postgres on *folder*; it is killed at the end, if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.postgres.holder", folder, *user],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
    )
    with process:
        try:
            held = Holder(process)
            held.wait_until_ready()
            yield held
        finally:
            process.kill()


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a data folder; no server runs on it afterwards."""
    with scratch_folder() as scratch:
        path = scratch / "data"
        yield path
        if path.exists():
            PostgresServer(path, settings=SETTINGS).stop()
        for process in processes_in(path / "postgres"):
            with suppress(psutil.NoSuchProcess):  # One whose head was killed ends by itself, perhaps just now.
                process.kill()
            process.wait(GONE_SECONDS_MAX)


async def test_what_is_committed_is_kept_from_one_start_to_the_next(folder: Path) -> None:
    for expected in range(3):
        async with embedded_postgres(folder) as address, owner_connection(address) as connection:
            await connection.execute("CREATE TABLE IF NOT EXISTS kept ()")
            assert await connection.fetchval("SELECT count(*) FROM kept") == expected
            await connection.execute("INSERT INTO kept DEFAULT VALUES")
        assert not processes_in(folder / "postgres")


async def test_the_server_writes_to_the_disk_what_it_says_is_committed(folder: Path) -> None:
    async with embedded_postgres(folder) as address, owner_connection(address) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert await connection.fetchval("SELECT current_setting($1)", setting) == "on", setting
        assert await connection.fetchval("SELECT current_setting('listen_addresses')") == ""
        assert await connection.fetchval("SELECT lower('GRÖSSE ΑΒΓ')") == "grösse αβγ"


def test_after_a_kill_of_the_platform_the_next_start_attaches_to_the_server(folder: Path) -> None:
    with holder(folder) as first:
        assert first.add_row() == 1
        server = running_postmaster(folder / "postgres")
        first.kill()
        assert running_postmaster(folder / "postgres") == server
    with holder(folder) as second:
        assert running_postmaster(folder / "postgres") == server
        assert second.add_row() == 2
        second.stop()
    assert not processes_in(folder / "postgres")


@pytest.mark.parametrize("whole", [False, True], ids=["its head alone", "all of its processes"])
def test_after_a_kill_of_the_server_too_the_next_start_recovers_what_was_committed(folder: Path, whole: bool) -> None:
    for turn in range(1, 4):
        with holder(folder) as held:
            assert held.add_row() == turn
            running = running_postmaster(folder / "postgres")
            assert running is not None
            victims = processes_in(folder / "postgres") if whole else [psutil.Process(running.process_id)]
            held.process.kill()
            for victim in victims:
                with suppress(psutil.NoSuchProcess):  # The end of its parent may have ended it.
                    victim.kill()


def test_a_note_whose_number_is_another_programs_by_now_does_not_bar_the_start(folder: Path) -> None:
    with holder(folder) as held:
        held.add_row()
        held.stop()
    note = folder / "postgres" / "postmaster.pid"
    for process_id in (os.getpid(), os.getppid(), 1):
        note.write_text(f"{process_id}\n{note.parent}\n1\n5432\n{note.parent}\n\n  1 1\nready   \n", encoding="utf-8")
        with holder(folder) as held:
            assert held.add_row() > 1
            held.stop()


def test_an_interrupted_first_start_is_made_good_by_the_next(folder: Path) -> None:
    """The data folder gets its name when it is whole."""
    left_over = folder / "postgres.new-abc"
    left_over.mkdir(parents=True)
    (left_over / "PG_VERSION").write_text("18\n", encoding="utf-8")
    with holder(folder) as held:
        assert held.add_row() == 1
    assert not left_over.exists()


async def test_a_second_platform_on_the_same_folder_is_refused_by_name(folder: Path) -> None:
    async with embedded_postgres(folder) as address:
        with pytest.raises(FolderInUse, match=f"process id {os.getpid()}: stop that one first"):
            async with embedded_postgres(folder):
                pass
        async with owner_connection(address) as connection:
            assert await connection.fetchval("SELECT 1") == 1
    async with embedded_postgres(folder):
        pass


def test_the_lock_dies_with_its_process_and_children_do_not_inherit_it(folder: Path) -> None:
    with sole_user(folder):
        child = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        with sole_user(folder):
            pass
    finally:
        child.kill()
        child.wait()


def test_nothing_is_printed_on_the_terminal(folder: Path) -> None:
    for _ in range(2):
        with holder(folder) as held:
            assert held.stop() == ""


@pytest.mark.parametrize("name", ["a" * 120, 'größe 東京 "quoted", it\'s\\'], ids=["too long", "strange"])
async def test_a_folder_whose_path_no_socket_can_have_works_all_the_same(folder: Path, name: str) -> None:
    for _ in range(2):
        async with embedded_postgres(folder / name) as address, owner_connection(address) as connection:
            assert await connection.fetchval("SELECT 1") == 1
            running = running_postmaster(folder / name / "postgres")
            assert running is not None
            assert running.socket_folder != folder / name / "postgres"
            assert running.socket_folder.stat().st_mode & 0o077 == 0
        assert not running.socket_folder.exists()


async def test_data_of_another_version_is_refused_and_left_alone(folder: Path) -> None:
    version = folder / "postgres" / "PG_VERSION"
    version.parent.mkdir(parents=True)
    version.write_text("15\n", encoding="utf-8")
    with pytest.raises(ServerFailed, match="holds data of PostgreSQL 15"):
        async with embedded_postgres(folder):
            pass
    assert version.read_text(encoding="utf-8") == "15\n"


async def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    with pytest.raises(ServerFailed, match="shared_buffers"):
        async with embedded_postgres(folder, settings={**SETTINGS, "shared_buffers": "nonsense"}):
            pass
    assert not processes_in(folder / "postgres")
    async with embedded_postgres(folder):
        pass


def _wait_for(path: Path) -> None:
    while not path.exists():
        time.sleep(0.005)


async def test_a_start_that_is_cancelled_leaves_no_server_behind(folder: Path) -> None:
    async def start() -> None:
        async with embedded_postgres(folder):
            await asyncio.Event().wait()

    for _ in range(2):
        starting = asyncio.create_task(start())
        await asyncio.to_thread(_wait_for, folder / "postgres" / "postmaster.pid")
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        assert not processes_in(folder / "postgres")


async def test_ctrl_c_in_the_terminal_does_not_reach_the_server(folder: Path) -> None:
    async with embedded_postgres(folder):
        running = running_postmaster(folder / "postgres")
        assert running is not None
        assert os.getsid(running.process_id) != os.getsid(0)


async def test_none_but_its_user_reaches_the_server(folder: Path) -> None:
    async with embedded_postgres(folder):
        running = running_postmaster(folder / "postgres")
        assert running is not None
        data = folder / "postgres"
        assert data.stat().st_mode & 0o077 == 0
        assert (running.socket_folder / f".s.PGSQL.{running.port}").stat().st_mode & 0o077 == 0
        process = psutil.Process(running.process_id)
        assert process.uids().real == data.stat().st_uid
        assert process.uids().real != 0


async def test_a_folder_that_cannot_be_made_is_told_in_words(folder: Path) -> None:
    with pytest.raises(ServerFailed, match="cannot write to the data folder"):
        async with embedded_postgres(Path(__file__) / "data"):
            pass


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user runs all of these tests as an ordinary user")
class TestAsRoot:
    def test_an_ordinary_user_may_run_it(self, folder: Path) -> None:
        nobody = pwd.getpwnam("nobody")
        folder.mkdir(parents=True)
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        with holder(folder, "nobody") as held:
            running = running_postmaster(folder / "postgres")
            assert running is not None
            assert psutil.Process(running.process_id).uids().real == nobody.pw_uid
            assert held.add_row() == 1
            held.kill()
        # Root takes over what an ordinary user left, as that user.
        with holder(folder) as held:
            assert held.add_row() == 2
            held.stop()

    async def test_folders_above_are_opened_for_passing_and_no_further(self, folder: Path) -> None:
        closed = folder / "closed"
        closed.mkdir(parents=True, mode=0o700)
        async with embedded_postgres(closed / "data"):
            assert closed.stat().st_mode & 0o777 == 0o701
