"""Jars are fetched once, and none is used that is not the one that is listed."""

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.install.kafka import LISTED, Jar, fetch_jars, listed_jars
from tests.support.install.unavailable import Unavailable

PATHS = ("org/first/1/first-1.jar", "org/second/2/second-2.jar")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Write nothing."""


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """Return the folder of a repository with two jars."""
    folder = tmp_path / "stored"
    for path in PATHS:
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_bytes(path.encode() * 1_000)
    return folder


@pytest.fixture
def repository(stored: Path) -> Iterator[str]:
    """Return the address of that repository."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(stored)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def jars(stored: Path) -> tuple[Jar, ...]:
    return tuple(Jar(path, hashlib.sha256((stored / path).read_bytes()).hexdigest()) for path in PATHS)


def test_listed_jars_come_into_the_folder(repository: str, stored: Path, jars: tuple[Jar, ...], tmp_path: Path) -> None:
    fetch_jars(jars, into=tmp_path / "lib", repository=repository)
    for path in PATHS:
        assert (tmp_path / "lib" / path).read_bytes() == (stored / path).read_bytes()


def test_what_is_there_already_is_not_fetched(
    repository: str, stored: Path, jars: tuple[Jar, ...], tmp_path: Path
) -> None:
    fetch_jars(jars, into=tmp_path / "lib", repository=repository)
    for path in PATHS:
        (stored / path).unlink()
    fetch_jars(jars, into=tmp_path / "lib", repository=repository)


def test_a_jar_that_is_not_the_listed_one_is_refused(
    repository: str, stored: Path, jars: tuple[Jar, ...], tmp_path: Path
) -> None:
    (stored / PATHS[1]).write_bytes(b"something else")
    with pytest.raises(Unavailable, match="second-2"):
        fetch_jars(jars, into=tmp_path / "lib", repository=repository)


def test_a_jar_that_is_not_to_be_had_is_told(
    repository: str, stored: Path, jars: tuple[Jar, ...], tmp_path: Path
) -> None:
    (stored / PATHS[0]).unlink()
    with pytest.raises(Unavailable, match="cannot be fetched"):
        fetch_jars(jars, into=tmp_path / "lib", repository=repository)


def test_the_list_names_the_version_that_is_asked_for() -> None:
    paths = {jar.path for jar in listed_jars(LISTED / "jars.sha256")}
    wanted = (LISTED / "pom.xml").read_text(encoding="utf-8")
    version = wanted.split("<artifactId>kafka-tools</artifactId>")[1].split("<version>")[1].split("<")[0]
    assert f"org/apache/kafka/kafka-tools/{version}/kafka-tools-{version}.jar" in paths
    assert f"org/apache/kafka/kafka_2.13/{version}/kafka_2.13-{version}.jar" in paths
