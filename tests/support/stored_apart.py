"""What a distributed platform has stored: rows in Postgres, records in Kafka."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from alerting_backend.adapters.kafka.connection import KafkaAddress
from alerting_backend.adapters.kafka.topics import PARTITIONS_DEFAULT
from alerting_backend.adapters.postgres.connection import Address
from alerting_core.ports.stream import ALERTS_MATCHED, ALERTS_NEW, DLQ_SUFFIX, NOTIFICATIONS_READY, RULE_CHANGED, Group
from alerting_core.topology import SOURCES
from tests.support.stored import Stored

# In the order in which an alert passes them: when each has nothing left, one after the other, nothing is on its way.
READERS: Final = (
    (Group.RECORDER, ALERTS_NEW),
    (Group.EVALUATOR, ALERTS_NEW),
    (Group.AGGREGATOR, ALERTS_MATCHED),
    (Group.RESOLVER, ALERTS_NEW),
    (Group.SENDER, NOTIFICATIONS_READY),
    (Group.RULE_UPDATER, RULE_CHANGED),
)


@dataclass(frozen=True)
class StoredApart(Stored):
    """The database and the topics of one platform."""

    database: Address
    kafka: KafkaAddress

    @classmethod
    def of(cls, database: Address, kafka: KafkaAddress) -> "StoredApart":
        return cls(Path(), database, kafka)

    def address(self) -> Address:
        return self.database

    def unfinished(self) -> Mapping[str, int]:
        """Return what is still under way; the topics are asked only when the database is at rest, and it once more."""
        return super().unfinished() or asyncio.run(self._lags()) or super().unfinished()

    def dead_letters(self) -> int:
        return self.records([topic + DLQ_SUFFIX for topic in SOURCES])

    def records(self, topics: Sequence[str]) -> int:
        """Return how many records *topics* have together."""
        return sum(asyncio.run(self._ends(topics)).values())

    async def _lags(self) -> Mapping[str, int]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka.brokers)
        await admin.start()
        try:
            lags: dict[str, int] = {}
            for group, topic in READERS:
                committed = await admin.list_consumer_group_offsets(self.kafka.name(group))
                ends = await self._ends([topic])
                lag = sum(end - (committed[place].offset if place in committed else 0) for place, end in ends.items())
                if lag:
                    lags[f"lag of {group} on {topic}"] = lag
            return lags
        finally:
            await admin.close()

    async def _ends(self, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        consumer = AIOKafkaConsumer(bootstrap_servers=self.kafka.brokers)
        await consumer.start()
        try:
            places = [
                TopicPartition(self.kafka.name(topic), partition)
                for topic in topics
                for partition in range(PARTITIONS_DEFAULT)
            ]
            ends: Mapping[TopicPartition, int] = await consumer.end_offsets(places)
            return ends
        finally:
            await consumer.stop()
