"""The containers of `compose.yaml` are the servers that are tested, and open to this machine alone."""

import re

from tests.tidy.sources import CHECKOUT

COMPOSE = (CHECKOUT / "compose.yaml").read_text(encoding="utf-8")


def test_every_port_of_a_container_is_open_to_this_machine_alone() -> None:
    published = re.findall(r'"([^"]*\d+:\d+)"', " ".join(re.findall(r"ports: \[(.*)\]", COMPOSE)))
    assert len(published) >= COMPOSE.count("ports:") > 0
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []


def test_the_kafka_in_a_container_has_the_version_that_is_tested() -> None:
    pom = (CHECKOUT / "tests" / "support" / "install" / "kafka_jars" / "pom.xml").read_text(encoding="utf-8")
    (in_container,) = re.findall(r"image: apache/kafka:(\S+)", COMPOSE)
    assert re.findall(r"<artifactId>kafka-tools</artifactId>\s*<version>(.*)</version>", pom) == [in_container]
