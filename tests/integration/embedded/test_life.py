"""The platform as a process: it starts, it ends, and it can be killed."""

import asyncio
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil
import pytest

from alerting_backend.adapters.postgres.connection import Address, owner_connection
from alerting_backend.embedded_postgres.processes import running_postmaster
from alerting_backend.embedded_postgres.server import DATABASE
from tests.support.patience import END_SECONDS_MAX
from tests.support.platform_process import PlatformProcess, platform
from tests.support.silent_alert import resolved_record, shown_as_resolved, silent_for
from tests.support.stored import Stored

pytestmark = pytest.mark.integration


@pytest.fixture
def running() -> Iterator[PlatformProcess]:
    with platform() as process:
        process.start()
        yield process


def add_client(running: PlatformProcess, client_id: str = "acme") -> None:
    with running.http() as http:
        assert http.post("/api/v1/clients", json={"client_id": client_id, "name": client_id}).status_code == 201


def add_endpoint(running: PlatformProcess, url: str, client_id: str = "acme") -> None:
    """Make a client with a rule for everything critical, and an endpoint at *url*."""
    add_client(running, client_id)
    with running.http() as http:
        rule = {"client_id": client_id, "severity": "CRITICAL", "source": "*", "name": "*"}
        rule_id = http.post("/api/v1/rules", json=rule).json()["rule_id"]
        endpoint = {"type": "webhook", "value": url}
        assert http.post(f"/api/v1/rules/{rule_id}/endpoints", json=endpoint).status_code == 201


def send_alert(running: PlatformProcess) -> None:
    with running.http() as http:
        alert = {"severity": "CRITICAL", "source": "api", "name": "timeout"}
        assert http.post("/api/v1/alerts", json=alert).status_code == 202


@contextmanager
def receiver_that_never_answers() -> Iterator[tuple[str, threading.Event]]:
    """Yield the URL of a server that takes a connection and says nothing, and whether somebody came."""
    came, over = threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                came.set()
                over.wait(60)

        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/", came
        over.set()


def execute(running: PlatformProcess, command: str) -> None:
    """Do something to the database that nobody may do."""

    async def work() -> None:
        server = running_postmaster((running.data_dir / "postgres").resolve())
        assert server is not None
        async with owner_connection(
            Address.of_socket(server.socket_folder, port=server.port, database=DATABASE)
        ) as owner:
            await owner.execute(command)

    asyncio.run(work())


def test_a_second_start_has_what_was_stored_before_the_first_end(running: PlatformProcess) -> None:
    add_client(running)
    assert running.stop() == 0
    running.start()
    with running.http() as http:
        assert http.get("/api/v1/clients/acme").status_code == 200


def test_an_alert_of_which_nothing_more_is_heard_is_shown_as_resolved(running: PlatformProcess) -> None:
    episode = silent_for(minutes=1)
    address = Stored(running.data_dir).address()
    shown = asyncio.run(shown_as_resolved(address, episode, is_running=lambda: running.is_running))
    assert shown == resolved_record(episode)


@pytest.mark.parametrize("order", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_ctrl_c_ends_it_well_and_leaves_no_database_process(running: PlatformProcess, order: signal.Signals) -> None:
    assert running.database_processes()
    assert running.stop(order, seconds_max=END_SECONDS_MAX) == 0
    assert running.database_processes() == []
    assert running.events("platform_stopped")


def test_ctrl_c_during_the_start_ends_it_well_and_leaves_no_database_process() -> None:
    with platform() as process:
        process.spawn()
        process.wait_until(lambda: bool(process.events("database_preparing")), what="to begin its start")
        assert process.stop() == 0
        assert process.database_processes() == []
        process.start()


def test_ctrl_c_waits_ten_seconds_at_most_for_a_receiver_that_never_answers(running: PlatformProcess) -> None:
    with receiver_that_never_answers() as (url, came):
        add_endpoint(running, url)
        send_alert(running)
        assert came.wait(30)
        assert running.stop(seconds_max=END_SECONDS_MAX) == 0
    assert running.database_processes() == []


def test_a_second_ctrl_c_ends_it_at_once_and_the_next_start_goes_on(running: PlatformProcess) -> None:
    with receiver_that_never_answers() as (url, came):
        add_endpoint(running, url)
        send_alert(running)
        assert came.wait(30)
        running.interrupt()
        running.wait_until(lambda: running.ready_code() == 503, what="to begin its end")
        assert running.stop() == 130
    running.start()
    with running.http() as http:
        assert [item["status"] for item in http.get("/api/v1/notifications").json()["items"]] == ["RECEIVED"]


def test_what_was_stored_is_there_after_a_kill_and_a_new_start(running: PlatformProcess) -> None:
    add_client(running)
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


def test_a_second_platform_on_the_same_folder_is_refused_and_told_what_to_do(running: PlatformProcess) -> None:
    refused = running.run("up", ALERTING_HTTP_PORT="0", ALERTING_LOG_FORMAT="console")
    assert refused.returncode == 4
    assert str(running.process_id) in refused.stderr
    assert "ALERTING_DATA_DIR" in refused.stderr
    with running.http() as http:
        assert http.get("/readyz").status_code == 200, "the first one is not disturbed"


def test_a_port_in_use_is_told_by_the_name_of_its_setting_before_anything_is_made() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, platform() as process:
        port = str(taken.getsockname()[1])
        refused = process.run("up", ALERTING_HTTP_PORT=port, ALERTING_LOG_FORMAT="console")
        assert refused.returncode == 3
        assert f"port {port}" in refused.stderr
        assert "ALERTING_HTTP_PORT" in refused.stderr
        assert not process.data_dir.exists()


def test_an_unknown_setting_is_refused_before_anything_is_made() -> None:
    with platform() as process:
        refused = process.run("up", ALERTING_HTPP_PORT="1")
        assert refused.returncode == 2
        assert "did you mean ALERTING_HTTP_PORT?" in refused.stderr
        assert not process.data_dir.exists()


def test_a_bug_in_a_stage_ends_the_platform_with_a_failure_and_a_line_about_it(running: PlatformProcess) -> None:
    execute(running, "ALTER TABLE notifications RENAME TO mislaid")
    add_alert_nobody_can_store(running)
    assert running.wait(seconds_max=30) == 1
    (failed,) = running.events("platform_failed")
    assert failed["code"] == "bug"
    assert running.database_processes() == [], "even then nothing is left running"
    assert "locals" not in running.output(), "values of variables may be secrets"


def add_alert_nobody_can_store(running: PlatformProcess) -> None:
    with running.http() as http:
        assert http.post("/api/v1/clients", json={"client_id": "acme", "name": "Acme"}).status_code == 201
        rule = {"client_id": "acme", "severity": "CRITICAL", "source": "*", "name": "*"}
        assert http.post("/api/v1/rules", json=rule).status_code == 201
    send_alert(running)


def test_a_database_server_that_ends_by_itself_ends_the_platform_with_a_failure(running: PlatformProcess) -> None:
    add_client(running)
    server = running_postmaster((running.data_dir / "postgres").resolve())
    assert server is not None
    for process in running.database_processes():
        with suppress(psutil.NoSuchProcess):  # The end of the first may have ended it.
            process.kill()
    assert running.wait(seconds_max=30) == 1
    assert running.events("platform_failed")[0]["code"] == "database-gone"
    running.start()
    with running.http() as http:
        assert http.get("/api/v1/clients/acme").status_code == 200


def test_the_admin_key_is_made_at_the_first_start_and_shown_that_once() -> None:
    with platform(ALERTING_ADMIN_KEY="") as process:
        process.start()
        (ready,) = process.events("platform_ready")
        key = ready["admin_key"]
        with process.http(key) as http:
            assert http.get("/api/v1/clients").status_code == 200
        assert process.stop() == 0
        process.start()
        assert process.events("platform_ready")[0]["admin_key"] is None
        assert key not in process.output()
        with process.http(key) as http:
            assert http.get("/api/v1/clients").status_code == 200
