"""The containers of `compose.yaml`: the servers that are tested, set up rightly, open to this machine alone."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from alerting_backend.runtime.listening import STOP_SECONDS_MAX
from alerting_backend.settings import Settings, describe, read_settings
from alerting_backend.wiring.dependencies import require
from alerting_backend.workers.process import NEEDS
from alerting_core.stages.batch import WorkerKind
from tests.tidy.sources import CHECKOUT

TEXT = (CHECKOUT / "compose.yaml").read_text(encoding="utf-8")
CONTAINERS: Mapping[str, Mapping[str, Any]] = yaml.safe_load(TEXT)["services"]
DOCKERFILE = (CHECKOUT / "backend" / "Dockerfile").read_text(encoding="utf-8")

OURS = {name: one for name, one in CONTAINERS.items() if "build" in one}
RUNNING = {name: one for name, one in OURS.items() if "command" in one}
THEIRS = {name: one for name, one in CONTAINERS.items() if name not in OURS}


def test_every_port_of_a_container_is_open_to_this_machine_alone() -> None:
    published = [port for one in CONTAINERS.values() for port in one.get("ports", ())]
    assert published
    assert [port for port in published if not str(port).startswith("127.0.0.1:")] == []
    assert [name for name, one in CONTAINERS.items() if one.get("network_mode") == "host"] == []


def test_the_kafka_in_a_container_has_the_version_that_is_tested() -> None:
    pom = (CHECKOUT / "tests" / "support" / "install" / "kafka_jars" / "pom.xml").read_text(encoding="utf-8")
    _, _, in_container = CONTAINERS["kafka"]["image"].rpartition(":")
    assert re.findall(r"<artifactId>kafka-tools</artifactId>\s*<version>(.*)</version>", pom) == [in_container]


def test_every_image_from_elsewhere_is_of_a_fixed_version() -> None:
    bases: list[str] = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    images = [one["image"] for one in THEIRS.values()] + bases
    assert THEIRS and bases
    assert [image for image in images if not re.fullmatch(r"[^:]+:v?\d+\.\d+[\w.-]*", image)] == []


@pytest.mark.parametrize("name", OURS)
def test_a_container_of_ours_has_settings_that_its_process_takes(name: str) -> None:
    settings = read_settings({**_set_in_image(), **OURS[name]["environment"]})
    assert settings.postgres_dsn and settings.kafka_brokers and settings.redis_url
    assert settings.http_host == "0.0.0.0", "its port can be reached from outside of the container"


def test_the_settings_that_the_compose_file_recommends_are_settings() -> None:
    recommended = dict(re.findall(r"(ALERTING_\w+)=(\S+)", TEXT))
    assert recommended
    settings = read_settings(recommended)
    ports = {port for one in THEIRS.values() for port in one["ports"]}
    kafka_port, smtp_port = str(settings.kafka_brokers).rpartition(":")[2], settings.smtp_port
    assert any(f":-{kafka_port}}}:" in port for port in ports)
    assert f"127.0.0.1:{smtp_port}:{smtp_port}" in ports


def test_every_variable_of_ours_that_a_container_gets_is_a_setting() -> None:
    known = {one.name for one in describe(Settings())}
    named = {name for one in CONTAINERS.values() for name in one.get("environment", {}) if name.startswith("ALERTING")}
    assert named | set(_set_in_image()) <= known


def test_there_is_a_container_for_every_kind_of_worker_and_the_api() -> None:
    commands = [one["command"] for one in RUNNING.values()]
    assert sorted(commands) == sorted([["api"], *(["worker", str(kind)] for kind in WorkerKind)])
    for kind in WorkerKind:
        require(read_settings(OURS[str(kind)]["environment"]), *NEEDS[kind], needed_by=str(kind))


def test_every_container_that_goes_on_tells_whether_it_works() -> None:
    assert [name for name, one in THEIRS.items() if not one.get("healthcheck", {}).get("test")] == []
    assert "HEALTHCHECK" in DOCKERFILE
    assert [name for name, one in RUNNING.items() if "healthcheck" in one] == [], "they have the one of the image"


def test_processes_of_ours_have_the_time_that_an_orderly_end_takes() -> None:
    graces = [int(one["stop_grace_period"].removesuffix("s")) for one in OURS.values()]
    assert all(grace > STOP_SECONDS_MAX for grace in graces), graces
    assert "STOPSIGNAL SIGTERM" in DOCKERFILE


def test_our_processes_start_when_schema_and_topics_are_there() -> None:
    for one in RUNNING.values():
        assert one["depends_on"] == {"prepare": {"condition": "service_completed_successfully"}}
    assert set(CONTAINERS["prepare"]["depends_on"]) == {"postgres", "kafka", "redis"}


def test_there_are_pages_to_look_into_kafka_and_mails() -> None:
    hosts = {OURS["api"]["environment"]["ALERTING_SMTP_HOST"]}
    assert hosts == {"mail"} <= set(THEIRS)
    brokers = CONTAINERS["kafka-ui"]["environment"]["KAFKA_CLUSTERS_0_BOOTSTRAPSERVERS"]
    assert brokers == OURS["api"]["environment"]["ALERTING_KAFKA_BROKERS"]


def _set_in_image() -> Mapping[str, str]:
    return dict(re.findall(r"(ALERTING_\w+)=(\S+)", DOCKERFILE))
