"""What evaluators make of alerts, seen from outside: alerts put into chosen partitions, and what comes out."""

import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, TypeAlias

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from alerting_backend.adapters.kafka.connection import KafkaAddress
from alerting_backend.adapters.kafka.topics import PARTITIONS_DEFAULT
from alerting_core.codec.records import decode_match, encode_alert
from alerting_core.domain.alert import Alert, Match, Severity
from alerting_core.ports.stream import ALERTS_MATCHED, ALERTS_NEW

ANSWER_SECONDS_MAX: Final = 60.0
"""For what evaluators make of an alert; a group that shares its partitions anew takes some seconds."""

_FETCH_MS: Final = 100

Question: TypeAlias = tuple[Severity, str, str]
"""Severity, source and name of an alert."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A match that came out.

    Attributes:
        evaluated_at_ms: When its record was written, unix milliseconds.
        seen_at: When it was read here, on the monotonic clock.
    """

    match: Match
    evaluated_at_ms: int
    seen_at: float


@dataclass
class Probe:
    """Puts alerts in, and reads all that comes out, from the beginning."""

    address: KafkaAddress
    producer: Any
    consumer: Any
    seen: list[Seen] = field(default_factory=list[Seen])
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    async def put(self, alerts: Mapping[int, Sequence[Alert]]) -> None:
        """Write alerts, by partition; they are there when this returns."""
        topic = self.address.name(ALERTS_NEW)
        sent = [
            await self.producer.send(topic, encode_alert(alert), key=alert.alert_id.encode(), partition=partition)
            for partition, of_partition in alerts.items()
            for alert in of_partition
        ]
        for one in sent:
            await one

    async def read(self) -> Sequence[Seen]:
        """Return what has come out since the last call, once something has or a moment has passed."""
        batches = await self.consumer.getmany(timeout_ms=_FETCH_MS, max_records=5_000)
        now = time.monotonic()
        new = [
            Seen(match, record.timestamp, now)
            for records in batches.values()
            for record in records
            if isinstance(match := decode_match(record.value), Match)
        ]
        self.seen += new
        return new

    async def ask(self, questions: Iterable[Question], client_id: str) -> Sequence[Mapping[Question, tuple[str, ...]]]:
        """Return for each partition: question → the rules of a client that an alert like that meets there.

        The client has to have a rule for each question that always matches, or there is nothing to wait for.
        """
        by_id: dict[str, tuple[int, Question]] = {}
        by_partition: dict[int, list[Alert]] = {partition: [] for partition in range(PARTITIONS_DEFAULT)}
        for question in questions:
            for partition, alerts in by_partition.items():
                alert = Alert(f"probe {next(self._numbers)}", *question, event_ts=int(time.time()))
                by_id[alert.alert_id] = partition, question
                alerts.append(alert)
        await self.put(by_partition)
        answers: list[dict[Question, tuple[str, ...]]] = [{} for _ in range(PARTITIONS_DEFAULT)]
        deadline = time.monotonic() + ANSWER_SECONDS_MAX
        while by_id:
            if time.monotonic() > deadline:
                raise TimeoutError(f"no answer to {len(by_id)} probes within {ANSWER_SECONDS_MAX:g} s")
            for one in await self.read():
                if one.match.client_id == client_id and one.match.alert.alert_id in by_id:
                    partition, question = by_id.pop(one.match.alert.alert_id)
                    answers[partition][question] = one.match.rule_ids
        return answers


@asynccontextmanager
async def open_probe(address: KafkaAddress) -> AsyncIterator[Probe]:
    """Yield a probe of the evaluators at *address*."""
    producer = AIOKafkaProducer(bootstrap_servers=address.brokers, acks="all")
    consumer = AIOKafkaConsumer(bootstrap_servers=address.brokers, auto_offset_reset="earliest")
    places = [TopicPartition(address.name(ALERTS_MATCHED), partition) for partition in range(PARTITIONS_DEFAULT)]
    await producer.start()
    try:
        await consumer.start()
        try:
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            yield Probe(address, producer, consumer)
        finally:
            await consumer.stop()
    finally:
        await producer.stop()
