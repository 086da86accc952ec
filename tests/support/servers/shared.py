"""Servers that all tests of a run use, each started by whoever is first to need it.

A run on several processes (pytest-xdist) shares one Kafka between them: the last to leave stops it.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.postgres.servers import scratch_folder
from tests.support.servers.choice import AnyKafka, AnyRedis, kafka_in, redis_in
from tests.support.servers.process import free_ports


@contextmanager
def own_kafka() -> Iterator[AnyKafka]:
    """Run a broker that nobody else uses.

    Raises:
        Unavailable: It cannot be had on this machine.
    """
    with scratch_folder() as folder:
        server = kafka_in(folder)
        try:
            server.start()
            yield server
        finally:
            server.discard()


@contextmanager
def own_redis() -> Iterator[AnyRedis]:
    """Run a Redis that nobody else uses.

    Raises:
        Unavailable: It cannot be had on this machine.
    """
    with scratch_folder() as folder:
        server = redis_in(folder)
        try:
            server.start()
            yield server
        finally:
            server.discard()


@contextmanager
def kafka_of_this_run(folder_of_run: Path) -> Iterator[str]:
    """Yield the address of the one broker of this run of tests.

    Args:
        folder_of_run: The same for all processes of the run, when there are several.

    Raises:
        Unavailable: It cannot be had on this machine.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        with own_kafka() as server:
            yield server.brokers
        return
    folder = folder_of_run / "kafka"
    folder.mkdir(exist_ok=True)
    with _sole_user(folder):
        server = _broker_in(folder)
        server.start()
        _count_users(folder, by=+1)
    try:
        yield server.brokers
    finally:
        with _sole_user(folder):
            if _count_users(folder, by=-1) == 0:
                server.discard()
                shutil.rmtree(folder / "data", ignore_errors=True)  # Whoever comes after that starts anew.


def _broker_in(folder: Path) -> AnyKafka:
    """Return the broker in *folder*, on the port that whoever was first has chosen."""
    noted = folder / "port"
    if not noted.exists():
        noted.write_text(str(free_ports(1)[0]), encoding="utf-8")
    return kafka_in(folder, port=int(noted.read_text(encoding="utf-8")))


def _count_users(folder: Path, *, by: int) -> int:
    noted = folder / "users"
    users = (int(noted.read_text(encoding="utf-8")) if noted.exists() else 0) + by
    noted.write_text(str(users), encoding="utf-8")
    return users


@contextmanager
def _sole_user(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
