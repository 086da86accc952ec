"""Where a server comes from: an address that is given, else the programs of this machine, else a container."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias, TypeVar

from tests.support.install.kafka import kafka_programs
from tests.support.install.redis import redis_program
from tests.support.install.unavailable import Unavailable
from tests.support.servers.containers import KafkaContainer, RedisContainer
from tests.support.servers.kafka import KafkaServer
from tests.support.servers.redis import RedisServer

AnyKafka: TypeAlias = KafkaServer | KafkaContainer
AnyRedis: TypeAlias = RedisServer | RedisContainer

_Local = TypeVar("_Local")
_Contained = TypeVar("_Contained")


def local_or_contained(
    name: str, local: Callable[[], _Local], contained: Callable[[], _Contained]
) -> _Local | _Contained:
    """Return the first that can be had.

    Raises:
        Unavailable: Neither; says why of both.
    """
    try:
        return local()
    except Unavailable as without_programs:
        try:
            return contained()
        except Unavailable as without_engine:
            raise Unavailable(f"no {name}: {without_programs}; and {without_engine}") from without_programs


def kafka_in(folder: Path, *, port: int | None = None) -> AnyKafka:
    """Return a broker that is not started yet, with its data in *folder* or in a volume that belongs to it.

    Raises:
        Unavailable: There are neither its programs on this machine nor containers.
    """
    return local_or_contained(
        "Kafka",
        lambda: KafkaServer(folder, kafka_programs(), port=port),
        lambda: KafkaContainer(folder, port=port),
    )


def redis_in(folder: Path, *, port: int | None = None) -> AnyRedis:
    """Return a Redis that is not started yet, likewise.

    Raises:
        Unavailable: There are neither its program on this machine nor containers.
    """
    return local_or_contained(
        "Redis",
        lambda: RedisServer(folder, redis_program(), port=port),
        lambda: RedisContainer(folder, port=port),
    )
