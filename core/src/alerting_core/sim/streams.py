"""Streams as a process in a simulated world sees them: with a group that may take it for dead, partitions that lag
behind each other, and commits whose two halves can be torn apart."""

from collections.abc import Mapping, Sequence
from typing import Final

from alerting_core.memory.log import MemoryLog
from alerting_core.memory.stream import MemorySink, MemoryStream
from alerting_core.ports.stream import Offsets, Outgoing, Record
from alerting_core.sim import facts
from alerting_core.sim.dice import happens
from alerting_core.sim.gate import Gate, Resource
from alerting_core.sim.kill_schedule import Point

HIDDEN_LOOK_MS: Final = 50
"""How long a consumer waits that sees nothing but hidden records."""


class SimSink:
    """Publishes through a gate, now and then twice."""

    def __init__(self, gate: Gate, log: MemoryLog) -> None:
        self._gate = gate
        self._sink = MemorySink(log)

    async def publish(self, outputs: Sequence[Outgoing]) -> None:
        """Append *outputs*."""
        await self._gate.call(
            Resource.LOG, "sink.publish", lambda: self._sink.publish(with_duplicates(self._gate, outputs))
        )


class SimStream:
    """One consumer of a group. It joins again with its next poll after the group took it for dead."""

    def __init__(self, gate: Gate, log: MemoryLog, stream: MemoryStream, *, topic: str, group: str) -> None:
        self._gate, self._log, self._stream = gate, log, stream
        self._topic, self._group = topic, group
        self._member = gate.process.name

    async def poll(self, *, records_max: int, wait_ms: int) -> Sequence[Record]:
        """Return records; some partitions may lag behind."""
        self._log.join(self._group, self._topic, self._member)
        operation = f"poll {self._group}"

        async def effect() -> Sequence[Record]:
            records = await self._stream.poll(records_max=records_max, wait_ms=wait_ms)
            if self._gate.world.hidden_until_ms:
                records = await self._without_hidden(records)
            return self._hide(records)

        def told(records: Sequence[Record]) -> None:
            if records:
                self._gate.world.tell(facts.Polled(self._gate.process, self._group, self._topic, records))

        return await self._gate.call(Resource.LOG, operation, effect, told=told)

    async def commit(self, outputs: Sequence[Outgoing], offsets: Offsets) -> None:
        """Write outputs, then offsets; both at once unless they are torn apart."""
        operation = f"commit {self._group}"

        async def effect() -> None:
            left: Sequence[Outgoing] = with_duplicates(self._gate, outputs)
            if happens(self._gate.dice, self._gate.world.faults.split_commits_per_call):
                left = await self._tear(operation, left)
            if self._gate.world.kill_schedule.due(self._gate.process.name, operation, Point.BETWEEN):
                self._log.append(left)
                await self._gate.die(operation, Point.BETWEEN)
            before = self._log.committed(self._group, self._topic)
            owned = self._log.owned(self._group, self._topic, self._member)
            # Read now: what every group has read may be forgotten by the commit.
            passed = self._between(before, offsets)
            await self._stream.commit(left, offsets)
            concerned = {number: before[number] for number in offsets}
            self._gate.world.tell(
                facts.Committed(self._gate.process, self._group, self._topic, concerned, offsets, owned, passed)
            )

        await self._gate.call(Resource.LOG, operation, effect)

    async def lag(self) -> Mapping[int, int]:
        """Return how much waits."""
        return await self._gate.call(Resource.LOG, f"lag {self._group}", self._stream.lag)

    def _between(self, before: Mapping[int, int], after: Offsets) -> Sequence[Record]:
        """Return the records that a commit passes."""
        return [
            record
            for number, end in after.items()
            for record in self._log.read(
                self._topic, number, offset=before[number], records_max=max(0, end - before[number])
            )
        ]

    async def _without_hidden(self, records: Sequence[Record]) -> Sequence[Record]:
        """Leave out the partitions that were ordered not to be seen."""
        hidden, now_ms = self._gate.world.hidden_until_ms, self._gate.world.loop.now_ms()
        seen = [record for record in records if now_ms >= hidden.get((self._topic, record.partition), 0)]
        if records and not seen:
            await self._gate.world.loop.pause(HIDDEN_LOOK_MS)
        return seen

    def _hide(self, records: Sequence[Record]) -> Sequence[Record]:
        """Leave out the partitions that lag behind, and the end of a partition that is still on its way."""
        gate, chance = self._gate, self._gate.world.faults.delays_per_poll
        if not chance:
            return records
        shown: dict[int, int] = {}
        for number in sorted({record.partition for record in records}):
            count = sum(record.partition == number for record in records)
            if happens(gate.dice, chance):
                gate.world.count("partition delayed")
                count = 0 if gate.dice.random() < 0.5 else gate.dice.randrange(count + 1)
            shown[number] = count
        left: list[Record] = []
        for record in records:
            if shown[record.partition]:
                shown[record.partition] -= 1
                left.append(record)
        return left

    async def _tear(self, operation: str, outputs: Sequence[Outgoing]) -> Sequence[Outgoing]:
        """Write a part of the outputs, perhaps all; then die, fail, or go on with the rest."""
        gate = self._gate
        gate.world.count("commit torn")
        part = gate.dice.randrange(len(outputs) + 1)
        self._log.append(outputs[:part])
        gate.world.trace(f"{gate.process.name} {operation} wrote {part} of {len(outputs)} outputs and no offsets")
        fate = gate.dice.random()
        if fate < 0.3 and gate.world.faults.crashes_per_call:
            await gate.die(operation, Point.BETWEEN)
        if fate < 0.7:
            raise gate.refused(Resource.LOG, operation, "between")
        return outputs[part:]


def with_duplicates(gate: Gate, outputs: Sequence[Outgoing]) -> Sequence[Outgoing]:
    """Return *outputs* with some records twice in a row, as a producer writes that never saw the broker's answer."""
    chance = gate.world.faults.duplicates_per_record
    if not chance:
        return outputs
    written: list[Outgoing] = []
    for output in outputs:
        written.append(output)
        if happens(gate.dice, chance):
            gate.world.count("record duplicated")
            written.append(output)
    return written
