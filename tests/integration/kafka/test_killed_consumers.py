"""Consumers that are killed while they work."""

import asyncio
import random
import time

import pytest

from tests.integration.kafka.conftest import KEYS, PARTITIONS, Pair, end, until, values_by_key, without_repeats

pytestmark = [pytest.mark.integration, pytest.mark.alone]

TAKEOVER_SECONDS_MAX = 10.0
"""What the platform promises: work goes on this soon after a kill -9."""


class Watched:
    """A copier, and when it last copied something of which partition."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.copied_at: dict[int, float] = {}

    async def watch(self) -> None:
        """Read what it prints, until its end."""
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            word, *partitions = line.split()
            if word == b"copied":
                self.copied_at |= dict.fromkeys(map(int, partitions), time.monotonic())

    def partitions(self, *, since: float) -> set[int]:
        """Return the partitions of which it has copied something since then."""
        return {partition for partition, at in self.copied_at.items() if at > since}


async def test_another_consumer_goes_on_within_ten_seconds_of_a_kill(pair: Pair) -> None:
    victim, survivor = Watched(await pair.copier()), Watched(await pair.copier())
    stop = asyncio.Event()

    async def load() -> None:
        while not stop.is_set():
            await pair.publish(5 * len(KEYS))
            await asyncio.sleep(0.02)

    async with asyncio.timeout(100), asyncio.TaskGroup() as tasks:
        for each in (victim, survivor):
            tasks.create_task(each.watch())
        tasks.create_task(load())
        taken: set[int] = set()
        window = 0.5
        while len(taken) != PARTITIONS // 2:  # Until each has its half.
            started_at = time.monotonic()
            await asyncio.sleep(window + random.uniform(0.0, 0.5))
            window = min(1.5 * window, 8.0)  # On a busy machine a partition may have its next turn later.
            taken = victim.partitions(since=started_at)
            others = survivor.partitions(since=started_at)
            if taken & others or len(others) != PARTITIONS // 2:
                taken = set()
        victim.process.kill()
        killed_at = time.monotonic()

        async def goes_on() -> bool:
            return bool(survivor.partitions(since=killed_at) & taken)

        await until(goes_on)
        took = time.monotonic() - killed_at
        stop.set()
        await until(pair.is_done)
        await end(survivor.process)
    copied = values_by_key(await pair.read_all())
    for key in KEYS:
        assert without_repeats(copied[key]) == list(range(pair.numbers[key])), key
    assert took < TAKEOVER_SECONDS_MAX, f"took over after {took:.1f} s"
