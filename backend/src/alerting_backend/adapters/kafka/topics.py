"""The topics of the platform in a cluster: making them, describing them, and asking whether they can be used."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from alerting_backend.adapters.kafka import connection
from alerting_core import errors, limits, topology
from alerting_core.ports.stream import DLQ_SUFFIX

TOPICS: Final = (*topology.SOURCES, *(source + DLQ_SUFFIX for source in topology.SOURCES))
"""All topics, the dead-letter ones behind those that they belong to."""

PARTITIONS_DEFAULT: Final = 6
"""Of each topic; as many processes of a kind can share its work."""

REPLICAS_WANTED: Final = 3
"""Where the cluster has so many brokers: two of them must have a record before it counts as written."""

KEEP_MS_DEFAULT: Final = 7 * 24 * 3_600_000
"""Longer than a long weekend of nobody looking."""

DEAD_LETTERS_KEEP_MS_DEFAULT: Final = 30 * 24 * 3_600_000
"""Until somebody has repaired what they were refused for."""

RECORD_BYTES_MAX: Final = limits.RECORD_VALUE_BYTES_MAX + 65_536
"""A record of a topic: the largest value that we write, and its key and headers."""

DEAD_LETTER_BYTES_MAX: Final = 8 * 1_048_576
"""Likewise of a dead-letter topic: whatever another producer may get into a topic with a larger limit than ours."""

ANSWER_SECONDS_MAX: Final = 15.0
"""One call of this module; making topics takes a small cluster a second."""

CONNECT_SECONDS_MAX: Final = 8.0
"""Of that, connecting."""

_LOOK_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic as it is in the cluster.

    Attributes:
        replicas: The fewest that a partition has.
        leaderless: Partitions that cannot be read or written at present.
        keep_ms: How long a record is kept; -1 for ever.
        record_bytes_max: A larger batch of records is refused.
    """

    name: str
    partitions: int
    replicas: int
    leaderless: int
    keep_ms: int
    record_bytes_max: int


async def create_topics(
    address: connection.KafkaAddress,
    topics: Sequence[str] = TOPICS,
    *,
    partitions: int = PARTITIONS_DEFAULT,
    keep_ms: int = KEEP_MS_DEFAULT,
    dead_letters_keep_ms: int = DEAD_LETTERS_KEEP_MS_DEFAULT,
    record_bytes_max: int = RECORD_BYTES_MAX,
) -> Sequence[str]:
    """Make those of *topics* that are not there yet, and return which; the others are left as they are.

    All can be used when this returns.

    Raises:
        PortUnavailable: Kafka is away, or refuses.
    """
    async with _admin(address, "create_topics") as admin:
        cluster: Mapping[str, Any] = await admin.describe_cluster()
        replicas = min(REPLICAS_WANTED, len(cluster["brokers"]))
        new = [
            NewTopic(
                address.name(topic),
                partitions,
                replicas,
                topic_configs={
                    "retention.ms": str(dead_letters_keep_ms if topic.endswith(DLQ_SUFFIX) else keep_ms),
                    "max.message.bytes": str(DEAD_LETTER_BYTES_MAX if topic.endswith(DLQ_SUFFIX) else record_bytes_max),
                    # With three replicas one may be down, and what was acknowledged is still on two disks.
                    "min.insync.replicas": str(max(1, replicas - 1)),
                },
            )
            for topic in topics
        ]
        response = await admin.create_topics(new)
        made: list[str] = []
        for name, code, message in response.topic_errors:
            if code == 0:
                made.append(address.ours(name))
            elif for_code(code) is not TopicAlreadyExistsError:
                raise for_code(code)(f"{name}: {message}")
        while not await _have_leaders(admin, address, topics):  # noqa: ASYNC110 - brokers tell nobody
            await asyncio.sleep(_LOOK_SECONDS)
        return made


async def describe_topics(address: connection.KafkaAddress, topics: Sequence[str] = TOPICS) -> Sequence[TopicState]:
    """Return those of *topics* that are there, in that order.

    Raises:
        PortUnavailable: Kafka is away, or refuses.
    """
    async with _admin(address, "describe_topics") as admin:
        there = await _partitions_of(admin, address, topics)
        if not there:
            return []
        asked = [ConfigResource(ConfigResourceType.TOPIC, address.name(topic)) for topic in there]
        configs: dict[str, Mapping[str, str]] = {}
        for response in await admin.describe_configs(asked):
            for code, message, _, name, entries in response.resources:
                if code != 0:
                    raise for_code(code)(f"{name}: {message}")
                configs[address.ours(name)] = {entry[0]: entry[1] for entry in entries}
    return [
        TopicState(
            name=topic,
            partitions=len(partitions),
            replicas=min((len(partition["replicas"]) for partition in partitions), default=0),
            leaderless=_leaderless(partitions),
            keep_ms=int(configs[topic]["retention.ms"]),
            record_bytes_max=int(configs[topic]["max.message.bytes"]),
        )
        for topic, partitions in there.items()
    ]


def require_topics(address: connection.KafkaAddress, topics: Sequence[str], found: Sequence[Mapping[str, Any]]) -> None:
    """See that all of *topics* are among what the cluster has *found*, with a leader for each partition.

    Raises:
        PortUnavailable: Says which are not.
    """
    there = _named(address, topics, found)
    if missing := [address.name(topic) for topic in topics if topic not in there]:
        detail = f"no topic {', '.join(missing)} (alerting topics create)"
        raise errors.PortUnavailable(connection.RESOURCE, operation="ready", detail=detail)
    if without := [address.name(topic) for topic, partitions in there.items() if _leaderless(partitions)]:
        raise errors.PortUnavailable(
            connection.RESOURCE, operation="ready", detail=f"partitions without a leader: {', '.join(without)}"
        )


async def _partitions_of(
    admin: AIOKafkaAdminClient, address: connection.KafkaAddress, topics: Sequence[str]
) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Return topic → its partitions, of those that are there."""
    # All are asked for: asking for one that is not there may make it.
    return _named(address, topics, await admin.describe_topics())


def _named(
    address: connection.KafkaAddress, topics: Sequence[str], found: Sequence[Mapping[str, Any]]
) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    partitions = {one["topic"]: one["partitions"] for one in found}
    return {topic: partitions[address.name(topic)] for topic in topics if address.name(topic) in partitions}


async def _have_leaders(admin: AIOKafkaAdminClient, address: connection.KafkaAddress, topics: Sequence[str]) -> bool:
    there = await _partitions_of(admin, address, topics)
    return len(there) == len(topics) and not any(_leaderless(partitions) for partitions in there.values())


def _leaderless(partitions: Sequence[Mapping[str, Any]]) -> int:
    return sum(1 for partition in partitions if partition["leader"] < 0)


@asynccontextmanager
async def _admin(address: connection.KafkaAddress, operation: str) -> AsyncIterator[AIOKafkaAdminClient]:
    async with connection.translate_errors_in_time(operation, ANSWER_SECONDS_MAX):
        admin = AIOKafkaAdminClient(**address.log_in())
        try:
            async with connection.connecting(address, operation, CONNECT_SECONDS_MAX):
                await admin.start()
            yield admin
        finally:
            await admin.close()


READY_SECONDS_MAX: Final = 5.0
"""Both together, and finding out why it failed, take less than a start waits for one look."""

CLOSE_SECONDS_MAX: Final = 2.0


class TopicsReady:
    """Asks on one connection, kept from look to look; `close` it at the end.

    Who asks while another one's question is under way waits for his turn: there are never two connections.
    """

    def __init__(self, address: connection.KafkaAddress, topics: Sequence[str] = TOPICS) -> None:
        self._address = address
        self._topics = topics
        self._admin: AIOKafkaAdminClient | None = None
        self._asking = asyncio.Lock()
        self._closed = False

    async def check(self) -> None:
        """Return when all topics can be read and written.

        Raises:
            PortUnavailable: Kafka is away, or says which topic is missing or has a partition without a leader.
        """
        async with self._asking:
            admin = self._admin or await self._connect()
            try:
                async with connection.translate_errors_in_time("ready", READY_SECONDS_MAX):
                    there = await admin.describe_topics()
            except BaseException:
                await self._forget()  # Whatever state it is in: the next look begins with a new one.
                raise
        require_topics(self._address, self._topics, there)

    async def close(self) -> None:
        """Disconnect; a look under way fails."""
        self._closed = True
        await self._forget()

    async def _connect(self) -> AIOKafkaAdminClient:
        try:
            async with connection.connecting(self._address, "ready", CONNECT_SECONDS_MAX):
                admin = self._admin = AIOKafkaAdminClient(**self._address.log_in())
                await admin.start()
            if self._closed:
                raise errors.PortUnavailable(connection.RESOURCE, operation="ready", detail="the check is closed")
        except BaseException:
            await self._forget()
            raise
        return admin

    async def _forget(self) -> None:
        admin, self._admin = self._admin, None
        if admin is not None:
            await connection.finish(admin.close(), seconds_max=CLOSE_SECONDS_MAX)
