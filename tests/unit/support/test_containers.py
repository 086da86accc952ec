"""Where servers come from whose programs cannot be had, with a `docker` that writes down what it is told."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.support.install.unavailable import Unavailable
from tests.support.servers import choice
from tests.support.servers.containers import COMPOSE_FILE, ContainerServer, KafkaContainer, RedisContainer
from tests.support.servers.development import Development
from tests.support.servers.kafka import KafkaServer
from tests.support.servers.process import ServerEnded

RECORDER = """#!/bin/sh
[ "$1" = version ] && exit {no_engine}
[ "$1 $2" = "compose version" ] && exit {no_compose}
{{ printf '%s|%s|' "$DEV_KAFKA_PORT" "$DEV_REDIS_PORT"; printf '%s\\037' "$@"; echo; }} >> {told}
case "$*" in *" ps "*) printf '%s\\n' '{ps}';; esac
case "$*" in *" {failing}"*) echo "port is taken" >&2; exit 1;; esac
"""


class Docker:
    """What the program was told, command by command."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder, self._told = folder, folder / "told"
        monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)

    def is_installed(self, *, no_engine: int = 0, no_compose: int = 0, failing: str = "nothing", ps: str = "") -> None:
        """Put the program there."""
        text = RECORDER.format(told=self._told, no_engine=no_engine, no_compose=no_compose, failing=failing, ps=ps)
        (self._folder / "docker").write_text(text, encoding="utf-8")
        (self._folder / "docker").chmod(0o755)

    def told(self) -> Sequence[tuple[str, str, list[str]]]:
        """Return the two ports and the arguments of every command but those that look for an engine."""
        if not self._told.exists():
            return []
        parts = [line.split("|", 2) for line in self._told.read_text(encoding="utf-8").splitlines()]
        return [(kafka, redis, told.rstrip("\037").split("\037")) for kafka, redis, told in parts]

    def orders(self) -> Sequence[list[str]]:
        """Return what follows the project in every command."""
        return [arguments[5:] for _, _, arguments in self.told()]


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Docker:
    folder = tmp_path / "programs"
    folder.mkdir()
    return Docker(folder, monkeypatch)


@pytest.fixture
def no_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise Unavailable("mvn is not on this machine")

    monkeypatch.setattr(choice, "kafka_programs", refuse)
    monkeypatch.setattr(choice, "redis_program", refuse)


def test_programs_of_this_machine_come_before_containers(
    docker: Docker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker.is_installed()
    monkeypatch.setattr(choice, "kafka_programs", object)
    assert isinstance(choice.kafka_in(tmp_path, port=19092), KafkaServer)
    assert docker.told() == []


@pytest.mark.usefixtures("no_programs")
def test_without_its_programs_a_server_is_a_container_of_the_compose_file(docker: Docker, tmp_path: Path) -> None:
    docker.is_installed()
    server = choice.kafka_in(tmp_path, port=19092)
    assert isinstance(server, KafkaContainer)
    assert server.brokers == "127.0.0.1:19092"
    server.start()
    ((kafka_port, _, arguments),) = docker.told()
    assert kafka_port == "19092"
    assert arguments[:4] == ["compose", "--file", str(COMPOSE_FILE), "--project-name"]
    assert arguments[4].startswith("alerting-kafka-")
    assert arguments[5:] == ["up", "--detach", "--wait", "--wait-timeout", "120", "kafka"]


@pytest.mark.usefixtures("no_programs")
def test_containers_of_two_folders_share_no_project_and_those_of_one_folder_do(docker: Docker, tmp_path: Path) -> None:
    docker.is_installed()
    for folder, port in ((tmp_path / "a", 1), (tmp_path / "b", 2), (tmp_path / "a", 1)):
        choice.redis_in(folder, port=port).start()
    first, second, third = [arguments[4] for _, _, arguments in docker.told()]
    assert first == third != second


@pytest.mark.parametrize(
    ("order", "arguments"),
    [
        (ContainerServer.stop, ["stop", "redis"]),
        (ContainerServer.kill, ["kill", "redis"]),
        (ContainerServer.pause, ["pause", "redis"]),
        (ContainerServer.resume, ["unpause", "redis"]),
        (ContainerServer.discard, ["down", "--volumes"]),
    ],
)
def test_a_container_is_told_what_a_process_would_be(
    docker: Docker, tmp_path: Path, order: Callable[[ContainerServer], None], arguments: Sequence[str]
) -> None:
    docker.is_installed()
    order(RedisContainer(tmp_path, port=16379))
    assert docker.orders() == [arguments]
    assert docker.told()[0][1] == "16379"


def test_a_container_runs_when_docker_lists_it(docker: Docker, tmp_path: Path) -> None:
    docker.is_installed(ps=json.dumps({"ID": "c0ffee", "State": "running"}))
    assert RedisContainer(tmp_path).running() == "c0ffee"
    docker.is_installed(ps="")
    assert RedisContainer(tmp_path).running() is None


def test_a_container_that_does_not_come_up_says_why(docker: Docker, tmp_path: Path) -> None:
    docker.is_installed(failing="up")
    with pytest.raises(ServerEnded, match="docker compose up redis failed:\nport is taken"):
        RedisContainer(tmp_path).start()


@pytest.mark.usefixtures("no_programs")
@pytest.mark.parametrize(
    ("missing", "said"),
    [({"no_compose": 1}, "docker compose is not to be had"), ({"no_engine": 1}, "a container engine is not to be had")],
)
def test_without_programs_and_engine_it_is_said_what_both_lack(
    docker: Docker, tmp_path: Path, missing: dict[str, int], said: str
) -> None:
    docker.is_installed(**missing)
    with pytest.raises(Unavailable, match=f"no Kafka: mvn is not on this machine; and {said}"):
        choice.kafka_in(tmp_path)
    assert docker.told() == []


@pytest.mark.usefixtures("no_programs")
def test_a_machine_without_any_docker_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="docker compose is not to be had"):
        choice.kafka_in(tmp_path)


GIVEN = {
    "ALERTING_KAFKA_BROKERS": "kafka.example:9092",
    "ALERTING_REDIS_URL": "redis://redis.example:6379/0",
    "ALERTING_POSTGRES_DSN": "postgresql://owner@postgres.example/alerting",
}


@pytest.mark.usefixtures("no_programs")
def test_addresses_that_are_given_come_before_all_else(docker: Docker, tmp_path: Path) -> None:
    docker.is_installed()
    development = Development(tmp_path / "data", GIVEN)
    assert [one.address for one in development.provide()] == list(GIVEN.values())
    assert [one.server for one in development.provide()] == [None] * 3
    assert list(development.stop()) == []
    assert docker.told() == []


@pytest.mark.usefixtures("no_programs")
def test_servers_for_development_are_started_and_stopped_as_containers_too(docker: Docker, tmp_path: Path) -> None:
    docker.is_installed()
    some = {name: value for name, value in GIVEN.items() if "POSTGRES" in name}
    provided = list(Development(tmp_path / "data", some).provide())
    for one in provided[:2]:
        assert one.server is not None
        one.server.start()
    ports = json.loads((tmp_path / "data" / "ports.json").read_text(encoding="utf-8"))
    assert [one.address for one in provided] == [
        f"127.0.0.1:{ports['kafka']}",
        f"redis://127.0.0.1:{ports['redis']}/0",
        GIVEN["ALERTING_POSTGRES_DSN"],
    ]
    # A shell that has taken over what was told does not turn these servers into somebody else's.
    again = Development(tmp_path / "data", {"ALERTING_KAFKA_BROKERS": provided[0].address, **some})
    assert next(iter(again.provide())).server is not None
    assert list(again.stop()) == ["kafka", "redis"]
    assert [order[0] for order in docker.orders()] == ["up", "up", "stop", "stop"]
