"""What becomes of the work under way when partitions move between the consumers of a group."""

import asyncio
import signal
from functools import partial

import pytest

from alerting_backend.adapters.kafka import member
from alerting_backend.adapters.kafka.stream import KafkaStream
from alerting_core.errors import FencedOff
from alerting_core.stages.batch import offsets_after
from tests.integration.kafka.conftest import KEYS, Pair, until, values_by_key, without_repeats
from tests.support.stream_copier import copies, copy_batch

pytestmark = pytest.mark.integration


@pytest.fixture
def patient_rebalances(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let rebalances wait for a batch as long as it takes on a busy machine."""
    monkeypatch.setattr(member, "REVOKE_SECONDS_MAX", 30.0)


@pytest.mark.usefixtures("patient_rebalances")
async def test_a_batch_that_is_finished_during_a_rebalance_is_not_done_again(pair: Pair) -> None:
    await pair.publish(400)
    one, other = pair.stream(), pair.stream()
    records = await one.poll(records_max=1_000, wait_ms=0)
    assert len(records) == 400
    joining = asyncio.create_task(other.poll(records_max=1_000, wait_ms=0))

    async def has_begun() -> bool:
        return one.rebalancing

    await until(has_begun)
    await one.commit(copies(list(records)), offsets_after(records))
    assert await joining == []
    assert await one.poll(records_max=1_000, wait_ms=0) == []
    assert sum((await one.lag()).values()) == 0


async def test_a_batch_that_outlives_its_partitions_cannot_be_committed(pair: Pair) -> None:
    await pair.publish(400)
    one, other = pair.stream(), pair.stream()
    records = await one.poll(records_max=1_000, wait_ms=0)
    taken = await other.poll(records_max=1_000, wait_ms=0)
    assert 0 < len(taken) < 400
    with pytest.raises(FencedOff):
        await one.commit(copies(list(records)), offsets_after(records))
    # Not even what this consumer has again: another one may have had it in between.
    kept = {record.partition for record in records} - {record.partition for record in taken}
    with pytest.raises(FencedOff):
        await one.commit((), {p: end for p, end in offsets_after(records).items() if p in kept})
    rest = await one.poll(records_max=1_000, wait_ms=0)
    assert {(r.partition, r.offset) for r in [*rest, *taken]} == {(r.partition, r.offset) for r in records}
    assert len(rest) + len(taken) == 400
    await one.commit(copies(list(rest)), offsets_after(rest))
    await other.commit(copies(list(taken)), offsets_after(taken))
    assert sum((await one.lag()).values()) == 0
    assert values_by_key(await pair.read_all()) == {key: list(range(10)) for key in KEYS}


async def has_share(stream: KafkaStream) -> bool:
    return bool(stream.partitions)


@pytest.mark.usefixtures("patient_rebalances")
async def test_consumers_that_come_and_go_in_order_copy_everything_once(pair: Pair) -> None:
    await pair.publish(8_000)
    streams = [pair.stream()]
    stop = asyncio.Event()

    async def work(stream: KafkaStream) -> None:
        while not stop.is_set() and stream in streams:
            try:
                await copy_batch(stream)
            except FencedOff:
                fenced.append(stream)

    fenced: list[KafkaStream] = []
    async with asyncio.TaskGroup() as workers:
        workers.create_task(work(streams[0]))
        for _ in range(2):
            joined = pair.stream()
            streams.append(joined)
            working = workers.create_task(work(joined))
            await pair.publish(2_000)
            await until(partial(has_share, joined))
            streams.remove(joined)
            await working
            await joined.close()
        await until(pair.is_done)
        stop.set()
    assert fenced == []
    assert values_by_key(await pair.read_all()) == {key: list(range(300)) for key in KEYS}


async def test_a_consumer_that_slept_through_its_session_cannot_commit(pair: Pair) -> None:
    await pair.publish(200)
    sleeper = await pair.copier("--hold")
    assert sleeper.stdout is not None and sleeper.stdin is not None
    assert await sleeper.stdout.readline() == b"holding\n"
    sleeper.send_signal(signal.SIGSTOP)
    stream = pair.stream()
    copied: set[int] = set()
    async with asyncio.timeout(60):
        while len(copied) < 6:
            copied |= set(await copy_batch(stream))
    await stream.close()  # The group has no members by now, when a broker takes commits of whoever has no generation.
    sleeper.send_signal(signal.SIGCONT)
    sleeper.stdin.write(b"\n")
    assert await sleeper.stdout.readline() == b"fenced-off\n"
    assert sum((await pair.stream().lag()).values()) == 0
    # What it published before it was told is there twice, which is what whoever reads it is ready for.
    copied = values_by_key(await pair.read_all())
    assert {key: without_repeats(numbers) for key, numbers in copied.items()} == {key: list(range(5)) for key in KEYS}


async def test_a_consumer_with_a_name_of_its_own_comes_back_without_a_rebalance(pair: Pair) -> None:
    one, other = pair.stream(instance_id="one"), pair.stream(instance_id="other")
    await asyncio.gather(one.poll(records_max=1, wait_ms=0), other.poll(records_max=1, wait_ms=0))
    await one.poll(records_max=1, wait_ms=0)
    had, others = one.partitions, other.partitions
    assert sorted([*had, *others]) == list(range(6))
    await one.close()
    back = pair.stream(instance_id="one")
    await pair.publish(400)
    records = await back.poll(records_max=1_000, wait_ms=0)
    assert {record.partition for record in records} == set(had)
    await back.commit((), offsets_after(records))
    records = await other.poll(records_max=1_000, wait_ms=0)
    await other.commit((), offsets_after(records))
    assert (back.partitions, other.partitions) == (had, others)
    assert await pair.is_done()
