"""The distributed platform as an operator runs it: a process per worker, on real Kafka, Redis and Postgres.

with servers() as three, distributed(three) as platform:
    platform.start()                              # the API, and one of each kind
    platform.http().post("/api/v1/alerts", json={…})
    platform.of("sender").kill()                  # kill -9
    platform.of("sender").start()
"""

import asyncio
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import asyncpg
import httpx

from alerting_backend.adapters.kafka.connection import KafkaAddress
from alerting_backend.adapters.kafka.topics import create_topics
from alerting_backend.adapters.postgres.connection import Address
from alerting_backend.adapters.postgres.schema import migrate
from alerting_core.stages.batch import WorkerKind
from tests.support.command_process import READY_SECONDS_MAX, CommandProcess
from tests.support.postgres.servers import scratch_folder
from tests.support.servers.choice import AnyKafka, AnyRedis
from tests.support.servers.postgres import DATABASE, PostgresOnTcp, programs_for_tests
from tests.support.servers.shared import own_kafka, own_redis

API: Final = "api"
NAMES: Final = (API, *WorkerKind)


@dataclass(frozen=True, slots=True)
class Servers:
    """Servers that nobody else uses: they may be stopped and started again on their data."""

    kafka: AnyKafka
    redis: AnyRedis
    postgres: PostgresOnTcp

    def start(self) -> None:
        """Start those that do not run."""
        for server in (self.kafka, self.redis, self.postgres):
            server.start()


@contextmanager
def servers() -> Iterator[Servers]:
    """Run all three, Postgres in the oldest supported version where that can be had.

    Raises:
        Unavailable: One cannot be had on this machine.
    """
    with own_kafka() as kafka, own_redis() as redis, scratch_folder() as folder:
        postgres = PostgresOnTcp(folder, programs=programs_for_tests())
        try:
            postgres.start()
            yield Servers(kafka, redis, postgres)
        finally:
            postgres.stop()


class PlatformPart(CommandProcess):
    """One process of the platform: the API or a worker."""

    def __init__(self, name: str, output: Path, settings: Mapping[str, str]) -> None:
        super().__init__(output, [name] if name == API else ["worker", name], settings)
        self.name = name
        self._word = API if name == API else "worker"

    def start(self, *, seconds_max: float = READY_SECONDS_MAX) -> None:
        """Start the process and wait until it works."""
        self.spawn()
        self.wait_until_ready(seconds_max=seconds_max)

    def wait_until_ready(self, *, seconds_max: float = READY_SECONDS_MAX) -> None:
        """Wait for the word that it works, and for /readyz to confirm it."""
        self.wait_until(lambda: bool(self.events(f"{self._word}_ready")), what="to be ready", seconds_max=seconds_max)
        self.seconds_to_ready = time.monotonic() - self.begun_at
        self.serves_at(self.events(f"{self._word}_started")[-1]["url"])
        self.wait_until(lambda: self.ready_code() == 200, what="to confirm that", seconds_max=seconds_max)

    def readiness(self) -> Mapping[str, Any]:
        """Return what /readyz says."""
        answer: Mapping[str, Any] = httpx.get(f"{self.url}/readyz", timeout=10, trust_env=False).json()
        return answer


class DistributedPlatform:
    """All processes of one platform.

    Attributes:
        kafka: Where its topics are.
        database: Where its rows are.
        redis_url: Where its rules are.
    """

    def __init__(self, folder: Path, three: Servers) -> None:
        self._folder = folder
        self._numbers = count(1)
        name = f"t{uuid4().hex[:12]}"
        self.kafka = KafkaAddress(three.kafka.brokers, prefix=f"{name}.")
        self.database = Address(three.postgres.dsn.replace(f"/{DATABASE}", f"/{name}"))
        self.redis_url = three.redis.url
        self._owner_dsn, self._database_name = three.postgres.dsn, name
        self._settings = {
            "ALERTING_KAFKA_BROKERS": three.kafka.brokers,
            "ALERTING_KAFKA_PREFIX": self.kafka.prefix,
            "ALERTING_REDIS_URL": self.redis_url,
            "ALERTING_REDIS_PREFIX": f"{name}:",
            "ALERTING_POSTGRES_DSN": self.database.dsn,
            "ALERTING_DELIVERY_ALLOWED_NETWORKS": "127.0.0.0/8",
        }
        self.parts: dict[str, list[PlatformPart]] = {name: [] for name in NAMES}

    def prepare(self) -> None:
        """Make the database with its schema, and the topics."""
        asyncio.run(self._prepare())

    def start(self, *names: str) -> None:
        """Start one process of each of *names*, of all unless some are given, and wait until they work."""
        started = [self.add(name) for name in names or NAMES]
        for part in started:
            part.wait_until_ready()

    def add(self, name: str, **settings: str) -> PlatformPart:
        """Start one more process, with *settings* on top, and do not wait."""
        part = PlatformPart(name, self._folder / f"{name}-{next(self._numbers)}.log", self._settings)
        self.parts[name].append(part)
        part.spawn(**settings)
        return part

    def of(self, name: str) -> PlatformPart:
        """Return the first process of a name."""
        return self.parts[name][0]

    def all_parts(self) -> Sequence[PlatformPart]:
        """Return all processes that were ever started."""
        return list(chain.from_iterable(self.parts.values()))

    def are_running(self) -> bool:
        """Tell whether each name has a process that runs; what one wrote that ended by itself is in the error."""
        for parts in self.parts.values():
            if parts and not any(part.is_running for part in parts):
                raise AssertionError(f"{parts[-1].name} ended:\n{parts[-1].output()[-4_000:]}")
        return True

    def http(self, *, timeout: float = 30.0) -> httpx.Client:
        """Return a client of the first API process."""
        return self.of(API).http(timeout=timeout)

    def run(self, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        """Run another command with the settings of this platform."""
        return CommandProcess(self._folder / "unused.log", [], self._settings).run(*arguments, **settings)

    def end(self) -> None:
        """Leave no process."""
        for part in self.all_parts():
            part.end()

    async def _prepare(self) -> None:
        owner = await asyncpg.connect(self._owner_dsn)
        try:
            await owner.execute(f'CREATE DATABASE "{self._database_name}"')
        finally:
            await owner.close()
        await migrate(self.database)
        await create_topics(self.kafka)


@contextmanager
def distributed(three: Servers) -> Iterator[DistributedPlatform]:
    """Yield a platform without processes, on a database, topics and keys of its own."""
    with scratch_folder() as folder:
        platform = DistributedPlatform(folder, three)
        try:
            platform.prepare()
            yield platform
        finally:
            platform.end()
