"""A process that copies a topic on Kafka, so that a test can kill it: `python -m … BROKERS PREFIX GROUP [--hold]`.

It reads "in" and writes what it reads to "out", and prints a line with the partitions of each batch that it committed.
With --hold it prints `holding` when it has a batch, waits for a line, and prints what came of its commit.
"""

import asyncio
import logging
import sys

from alerting_backend.adapters.kafka.connection import KafkaAddress
from alerting_backend.adapters.kafka.sink import KafkaSink
from alerting_backend.adapters.kafka.stream import KafkaStream
from alerting_core.errors import AlertingError
from alerting_core.ports.stream import Outgoing, Record, Stream
from alerting_core.stages.batch import offsets_after

RECORDS_MAX = 200
WAIT_MS = 200


def copies(records: list[Record]) -> list[Outgoing]:
    """Return what is written of *records*."""
    return [Outgoing("out", record.key, record.value, record.headers) for record in records]


async def copy_batch(stream: Stream) -> list[int]:
    """Copy one batch; return the partitions it was of."""
    records = list(await stream.poll(records_max=RECORDS_MAX, wait_ms=WAIT_MS))
    if not records:
        return []
    await stream.commit(copies(records), offsets_after(records))
    return sorted({record.partition for record in records})


async def _copy(stream: Stream) -> None:
    while True:
        try:
            done = await copy_batch(stream)
        except AlertingError as error:
            if not error.retryable:
                raise
            print(f"again: {error}", flush=True)
            await asyncio.sleep(0.05)
            continue
        if done:
            print("copied", *done, flush=True)


async def _hold(stream: Stream) -> None:
    records: list[Record] = []
    while not records:
        records = list(await stream.poll(records_max=RECORDS_MAX, wait_ms=WAIT_MS))
    print("holding", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    try:
        await stream.commit(copies(records), offsets_after(records))
    except AlertingError as error:
        print(error.code, flush=True)
    else:
        print("committed", flush=True)


async def _main(brokers: str, prefix: str, group: str, *, hold: bool) -> None:
    address = KafkaAddress(brokers, prefix=prefix)
    sink = KafkaSink(address)
    stream = KafkaStream(address, sink, topic="in", group=group)
    try:
        await (_hold(stream) if hold else _copy(stream))
    finally:
        await stream.close()
        await sink.close()


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    asyncio.run(_main(*sys.argv[1:4], hold="--hold" in sys.argv))
