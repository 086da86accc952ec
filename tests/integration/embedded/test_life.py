"""The platform as a process: it starts, it ends, and it can be killed."""

import signal
from collections.abc import Iterator

import pytest

from tests.support.platform_process import PlatformProcess, platform

pytestmark = pytest.mark.integration


@pytest.fixture
def running() -> Iterator[PlatformProcess]:
    with platform() as process:
        process.start()
        yield process


def test_a_first_start_is_ready_within_a_minute_and_a_second_within_five_seconds(running: PlatformProcess) -> None:
    assert running.seconds_to_ready < 60
    assert running.stop() == 0
    running.start()
    assert running.seconds_to_ready < 5


@pytest.mark.parametrize("order", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_ctrl_c_ends_it_well_and_leaves_no_database_process(running: PlatformProcess, order: signal.Signals) -> None:
    assert running.database_processes()
    assert running.stop(order, seconds_max=10) == 0
    assert running.database_processes() == []
    assert running.events("platform_stopped")


def test_what_was_stored_is_there_after_a_kill_and_a_new_start(running: PlatformProcess) -> None:
    with running.http() as http:
        assert http.post("/api/v1/clients", json={"client_id": "acme", "name": "Acme"}).status_code == 201
    running.kill()
    assert running.database_processes(), "the database server outlives the process"
    running.start()
    with running.http() as http:
        assert http.get("/api/v1/clients/acme").status_code == 200
    running.kill(database_too=True)
    assert running.database_processes() == []
    running.start()
    with running.http() as http:
        assert http.get("/api/v1/clients/acme").status_code == 200
