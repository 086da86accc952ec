"""The evaluator on Kafka: read alerts, match them, publish the matches, beside what each part can do alone.

One broker of its own on this machine, one process with one evaluator. In the same run: Kafka's own ProducerPerformance
with messages of the same size, our sink alone, our stream alone, and the same evaluator on the log in memory.
`make bench` runs this with all others; `python -m tests.bench.bench_kafka --json` gives the figures to programs.
"""

import argparse
import asyncio
import json
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from itertools import islice
from statistics import median
from typing import Final

from alerting_backend.adapters.kafka.connection import KafkaAddress
from alerting_backend.adapters.kafka.sink import KafkaSink
from alerting_backend.adapters.kafka.stream import KafkaStream
from alerting_backend.adapters.kafka.topics import create_topics
from alerting_core import limits
from alerting_core.domain.endpoint import EndpointType
from alerting_core.generator.alerts import generate_alerts
from alerting_core.generator.config import GeneratorConfig
from alerting_core.generator.testdata import Dataset, EndpointTemplate, Size, make_dataset
from alerting_core.memory.database import MemoryClock, MemoryDatabase
from alerting_core.memory.log import MemoryLog
from alerting_core.memory.rule_distribution import MemoryRuleSource
from alerting_core.memory.stream import MemoryStream
from alerting_core.ports.stream import ALERTS_MATCHED, ALERTS_NEW, Outgoing, Stream, alert_record
from alerting_core.stages.batch import offsets_after
from alerting_core.stages.consumers import Evaluator
from alerting_core.stages.rule_feed import RuleFeed
from tests.bench.measure import machine
from tests.bench.producer_performance import producer_performance
from tests.support.catalog import NOW_MS
from tests.support.install.kafka import KafkaPrograms, kafka_programs
from tests.support.postgres.servers import scratch_folder
from tests.support.servers.kafka import RUN_FAST, KafkaServer

ALERTS_OF: Final = {Dataset.VARIED: 30_000, Dataset.IDENTICAL: 3_000}
"""An alert that a hundred clients match is a hundred messages: fewer alerts do."""
SIZE: Final = Size(clients=100, rules_per_client=288, endpoints_per_rule=1)
ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class Figures:
    """One data set; rates are per second, medians of the rounds.

    Attributes:
        value_bytes: Mean size of a match on the wire.
        on_kafka, in_memory: Matches that the evaluator publishes.
        producer_performance, sink: Messages of that size, written by Kafka's tool and by ours.
        stream: Alerts read and committed, without any work on them.
        cpu: Processors that the evaluator's process was busy on.
    """

    dataset: str
    rules: int
    clients_per_alert: float
    value_bytes: float
    on_kafka: float
    in_memory: float
    producer_performance: float
    sink: float
    stream: float
    cpu: float

    @property
    def alerts(self) -> float:
        return self.on_kafka / self.clients_per_alert


def load_rules(dataset: Dataset) -> MemoryDatabase:
    """Return the test data's rules."""
    database = MemoryDatabase()
    template = EndpointTemplate(EndpointType.WEBHOOK, "https://hooks.example.com/{client_id}/{rule}")
    for client in make_dataset(dataset, template=template, now_ms=NOW_MS, size=SIZE):
        database.rules |= {rule.rule_id: rule for rule in client.rules}
    return database


async def drive(stream: Stream, feed: RuleFeed, alerts: int) -> tuple[float, float, int]:
    """Let an evaluator read *alerts*; return matches a second, processors used, and matches."""
    evaluator = Evaluator(stream, feed)
    received = published = 0
    began, began_cpu = time.perf_counter(), time.process_time()
    while received < alerts:
        report = await evaluator.step()
        received += report.received
        published += report.published
    took = time.perf_counter() - began
    return published / took, (time.process_time() - began_cpu) / took, published


async def rate(count: int, run: Callable[[], Awaitable[None]]) -> float:
    """Return how many a second."""
    began = time.perf_counter()
    await run()
    return count / (time.perf_counter() - began)


async def read(stream: Stream, count: int) -> None:
    """Read and commit *count* records."""
    while count > 0:
        records = await stream.poll(records_max=limits.POLL_RECORDS_MAX, wait_ms=limits.POLL_WAIT_MS)
        await stream.commit((), offsets_after(records))
        count -= len(records)


async def measure(server: KafkaServer, programs: KafkaPrograms, dataset: Dataset) -> Figures:
    """Measure one data set, round by round, so that a busy moment hits all."""
    database = load_rules(dataset)
    feed = RuleFeed(MemoryRuleSource(database), MemoryClock(NOW_MS))
    await feed.refresh()
    alerts = ALERTS_OF[dataset]
    made = generate_alerts(GeneratorConfig(burst=alerts, seed=1), started_at_ms=NOW_MS)
    inputs = [alert_record(alert) for alert in islice(made, alerts)]
    rounds = [
        await measure_once(KafkaAddress(server.brokers, prefix=f"{dataset}-{turn}."), programs, feed, inputs)
        for turn in range(ROUNDS)
    ]
    figures = {name: median(one[name] for one in rounds) for name in rounds[0]}
    return Figures(dataset=dataset, rules=len(database.rules), **figures)


async def measure_once(
    address: KafkaAddress, programs: KafkaPrograms, feed: RuleFeed, inputs: Sequence[Outgoing]
) -> dict[str, float]:
    """Measure each once, on topics of its own."""
    alerts = len(inputs)
    log = MemoryLog(clock=MemoryClock(NOW_MS))
    log.append(inputs)
    in_memory, _, published = await drive(MemoryStream(log, topic=ALERTS_NEW, group="evaluator"), feed, alerts)
    matches = log.tail(ALERTS_MATCHED, limit=10_000)
    value_bytes = sum(len(match.value) for match in matches) // len(matches)
    again = [Outgoing(ALERTS_MATCHED, match.key, match.value, match.headers) for match in matches] * 5
    await create_topics(address, [ALERTS_NEW, ALERTS_MATCHED])
    async with AsyncExitStack() as stack:
        sink = KafkaSink(address)
        stack.push_async_callback(sink.close)
        await publish(sink, inputs)
        evaluated, read_alone = (KafkaStream(address, sink, topic=ALERTS_NEW, group=g) for g in ("evaluator", "none"))
        for stream in (evaluated, read_alone):
            stack.push_async_callback(stream.close)
            await stream.poll(records_max=1, wait_ms=0)  # Joining is no part of the work.
        on_kafka, cpu, _ = await drive(evaluated, feed, alerts)
        stream_alone = await rate(alerts, lambda: read(read_alone, alerts))
        sink_alone = await rate(len(again), lambda: publish(sink, again))
        tool = await asyncio.to_thread(producer_performance, programs, address, ALERTS_MATCHED, value_bytes=value_bytes)
    return {
        "clients_per_alert": published / alerts,
        "value_bytes": value_bytes,
        "on_kafka": on_kafka,
        "in_memory": in_memory,
        "producer_performance": tool,
        "sink": sink_alone,
        "stream": stream_alone,
        "cpu": cpu,
    }


async def publish(sink: KafkaSink, outputs: Sequence[Outgoing]) -> None:
    """Publish in parts as large as those of an evaluator."""
    for begin in range(0, len(outputs), limits.OUTPUTS_PER_COMMIT_MAX):
        await sink.publish(outputs[begin : begin + limits.OUTPUTS_PER_COMMIT_MAX])


def show(figures: Figures) -> None:
    """Print one data set."""
    f = figures
    print(
        f"\n{f.rules:,} rules ({f.dataset}), {f.clients_per_alert:.1f} clients an alert, {f.value_bytes} bytes a match"
    )
    lines = [
        ("evaluator on Kafka", f.on_kafka, "matches", f"{f.alerts:,.0f} alerts/s, {f.cpu:.2f} processors"),
        ("evaluator in memory", f.in_memory, "matches", f"{f.on_kafka / f.in_memory:.2f} of it is reached on Kafka"),
        ("ProducerPerformance", f.producer_performance, "messages", f"{f.on_kafka / f.producer_performance:.2f} of it"),
        ("KafkaSink alone", f.sink, "messages", f"{f.sink / f.producer_performance:.2f} of ProducerPerformance"),
        ("KafkaStream alone", f.stream, "alerts", ""),
    ]
    for name, per_second, what, note in lines:
        print(f"  {name:<20} {per_second:>9,.0f} {what + '/s':<11} {note}")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    as_json = parser.parse_args().json
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # It tells of every topic that it is too early for.
    programs = kafka_programs()
    with scratch_folder() as folder:
        server = KafkaServer(folder, programs, java_options=RUN_FAST)
        server.start()
        try:
            figures = [asyncio.run(measure(server, programs, dataset)) for dataset in ALERTS_OF]
        finally:
            server.stop()
    if as_json:
        print(json.dumps([asdict(one) for one in figures]))
        return 0
    print(machine())
    for one in figures:
        show(one)
    return 0


if __name__ == "__main__":
    sys.exit(main())
