"""Kafka's own measure of what a producer can write."""

import re
import subprocess
from pathlib import Path
from typing import Final

from alerting_backend.adapters.kafka.connection import KafkaAddress
from tests.support.install.kafka import KafkaPrograms

RECORDS: Final = 300_000


def producer_performance(
    programs: KafkaPrograms, address: KafkaAddress, topic: str, *, value_bytes: int, records: int = RECORDS
) -> float:
    """Return how many records a second Kafka's own tool writes, with the same promises as ours."""
    properties = [f"bootstrap.servers={address.brokers}", "acks=all", "compression.type=zstd", "batch.size=524288"]
    tool = ["org.apache.kafka.tools.ProducerPerformance", "--topic", address.name(topic)]
    amounts = ["--num-records", str(records), "--record-size", str(value_bytes), "--throughput", "-1"]
    command: list[str | Path] = [
        programs.java,
        "-cp",
        programs.class_path,
        *tool,
        *amounts,
        "--producer-props",
        *properties,
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(re.findall(r"([\d.]+) records/sec", done.stdout)[-1])
