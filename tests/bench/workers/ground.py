"""What workers are measured on: servers as an operator runs them, a platform with a set of rules, and a backlog."""

import asyncio
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from signal import SIGTERM
from typing import Any, Final, TypeVar

import psutil
import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition

from alerting_backend.adapters.kafka.connection import KafkaAddress
from alerting_backend.adapters.kafka.sink import KafkaSink
from alerting_backend.adapters.kafka.topics import PARTITIONS_DEFAULT, create_topics
from alerting_backend.adapters.postgres.catalog.rules import PgBulkLoader
from alerting_backend.adapters.postgres.connection import open_pools, owner_connection
from alerting_backend.embedded_postgres.processes import processes_in
from alerting_backend.embedded_postgres.server import SETTINGS, PostgresServer
from alerting_core import limits
from alerting_core.ports.stream import Outgoing
from alerting_core.stages.batch import WorkerKind
from tests.bench.workers.processor_time import Processes
from tests.bench.workers.rule_sets import RuleSet
from tests.support.distributed import DistributedPlatform, PlatformPart, Servers
from tests.support.install.kafka import kafka_programs
from tests.support.postgres.servers import scratch_folder
from tests.support.servers.kafka import RUN_FAST, KafkaServer
from tests.support.servers.postgres import PostgresOnTcp
from tests.support.servers.shared import own_redis
from tests.support.stored_apart import StoredApart

T = TypeVar("T")

READY_SECONDS_MAX: Final = 120.0
TOLD_SECONDS_MAX: Final = 600.0
LOOK_SECONDS: Final = 0.5

LOGGED_MS_MIN: Final = 20
"""Shorter statements are not looked for: thousands of them run in a second."""


class DurablePostgres(PostgresOnTcp):
    """A Postgres that writes to the disk what it commits, with the settings of the embedded one.

    It logs statements that took long, each in a line that begins with the role.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        network = {"listen_addresses": "127.0.0.1", "port": str(self._port), "max_connections": "200"}
        log = {
            "log_min_duration_statement": str(LOGGED_MS_MIN),
            "log_parameter_max_length": "0",
            "log_line_prefix": "%u ",
        }
        self._server = PostgresServer(folder, settings={**SETTINGS, **network, **log})
        self.log: Final = self._data.parent / "postgres.log"

    def processes(self) -> Sequence[psutil.Process]:
        """Return the server's processes."""
        return processes_in(self._data)


class Ground:
    """The servers, and one loop for whatever is asked of them.

    Attributes:
        kafka, redis, postgres: Used by nobody else.
    """

    def __init__(self, servers: Servers, runner: asyncio.Runner) -> None:
        assert isinstance(servers.postgres, DurablePostgres)
        assert isinstance(servers.kafka, KafkaServer)
        self.servers, self.kafka, self.postgres, self.redis = servers, servers.kafka, servers.postgres, servers.redis
        self._runner = runner

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run *work* to its end."""
        return self._runner.run(work)

    def processes(self) -> dict[str, Processes]:
        """Return the processes of each server."""
        of_redis = getattr(self.redis, "running", lambda: None)
        return {
            "Kafka": lambda: [one for one in [self.kafka.running()] if one is not None],
            "Postgres": self.postgres.processes,
            "Redis": lambda: [one for one in [of_redis()] if one is not None],
        }


@contextmanager
def open_ground() -> Iterator[Ground]:
    """Start the servers, and stop them on leaving."""
    with scratch_folder() as logs, scratch_folder() as data, own_redis() as redis:
        kafka, postgres = KafkaServer(logs, kafka_programs(), java_options=RUN_FAST), DurablePostgres(data)
        try:
            kafka.start()
            postgres.start()
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                yield Ground(Servers(kafka, redis, postgres), runner)
        finally:
            postgres.stop()
            kafka.stop()


class Backlog:
    """One platform's topics and rows: filled before a worker starts, and looked at while it works."""

    def __init__(self, ground: Ground, platform: DistributedPlatform) -> None:
        self.ground, self.platform = ground, platform
        self._consumer: Any = None

    def load(self, rules: RuleSet) -> None:
        """Load clients, rules and endpoints, and have the snapshot made that evaluators read."""
        self.ground.run(self._load(rules))
        made = [self.start(WorkerKind.RULE_UPDATER), self.start(WorkerKind.EVALUATOR)]
        for part in made:
            self.stop(part)

    def start(self, kind: WorkerKind) -> PlatformPart:
        """Start a worker, and wait until it works."""
        part = self.platform.add(kind)
        part.wait_until_ready(seconds_max=READY_SECONDS_MAX)
        return part

    def stop(self, part: PlatformPart) -> None:
        """End a worker in order."""
        code = part.stop(SIGTERM)
        assert code == 0, part.output()[-4_000:]

    def publish(self, outputs: Sequence[Outgoing]) -> None:
        """Put records on Kafka."""
        self.ground.run(self.send(outputs))

    def bare_kafka(self, topic: str) -> KafkaAddress:
        """Return where there is a topic of this name that no worker reads."""
        kafka = replace(self.platform.kafka, prefix=f"bare.{self.platform.kafka.prefix}")
        self.ground.run(create_topics(kafka, [topic]))
        return kafka

    def ends(self, topic: str) -> int:
        """Return how many records *topic* has."""
        return sum(self.ground.run(self._ends(topic)).values())

    def skip(self, topic: str, group: str) -> None:
        """Let *group* begin at the end of *topic*; it must have no member."""
        self.ground.run(self._skip(topic, group))

    def value(self, statement: str) -> int:
        """Return what *statement* counts."""
        return self.ground.run(self._value(statement))

    def wait_until_rules_are_told(self) -> None:
        """Wait until the edits that a load consists of have passed relay and rule updater: they take processor time."""
        deadline = time.monotonic() + TOLD_SECONDS_MAX
        while untold := self.value("SELECT count(*) FROM outbox WHERE published_at IS NULL"):
            assert time.monotonic() < deadline, f"{untold:,} edits of rules are still to be published"
            time.sleep(LOOK_SECONDS)
        StoredApart.of(self.platform.database, self.platform.kafka).wait_until_settled(seconds_max=TOLD_SECONDS_MAX)

    def clear(self) -> None:
        """Empty the tables that workers fill."""
        self.ground.run(self._clear())

    async def send(self, outputs: Sequence[Outgoing]) -> None:
        """Put records on Kafka."""
        sink = KafkaSink(self.platform.kafka)
        for begin in range(0, len(outputs), limits.OUTPUTS_PER_COMMIT_MAX):
            await sink.publish(outputs[begin : begin + limits.OUTPUTS_PER_COMMIT_MAX])
        await sink.close()

    def close(self) -> None:
        """Disconnect."""
        if self._consumer is not None:
            self.ground.run(self._consumer.stop())

    async def _load(self, rules: RuleSet) -> None:
        async with open_pools(self.platform.database, size_max=1) as pools:
            await PgBulkLoader(pools).load(
                [each.client for each in rules.clients],
                chain.from_iterable(each.rules for each in rules.clients),
                chain.from_iterable(each.endpoints for each in rules.clients),
            )

    async def _ends(self, topic: str) -> dict[TopicPartition, int]:
        if self._consumer is None:
            self._consumer = AIOKafkaConsumer(bootstrap_servers=self.platform.kafka.brokers)
            await self._consumer.start()
        name = self.platform.kafka.name(topic)
        ends: dict[TopicPartition, int] = await self._consumer.end_offsets(
            [TopicPartition(name, partition) for partition in range(PARTITIONS_DEFAULT)]
        )
        return ends

    async def _skip(self, topic: str, group: str) -> None:
        kafka = self.platform.kafka
        ends = await self._ends(topic)
        mover = AIOKafkaConsumer(bootstrap_servers=kafka.brokers, group_id=kafka.name(group), enable_auto_commit=False)
        await mover.start()
        mover.assign(list(ends))
        await mover.commit(ends)
        await mover.stop()

    async def _value(self, statement: str) -> int:
        async with owner_connection(self.platform.database) as connection:
            return int(await connection.fetchval(statement))

    async def _clear(self) -> None:
        async with owner_connection(self.platform.database) as connection:
            await connection.execute("TRUNCATE notifications, deliveries, attempts, alerts CASCADE")
