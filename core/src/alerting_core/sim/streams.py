"""Streams that are faulty themselves: partitions lag behind each other, records come twice, and the two halves of a
commit can be torn apart. What can happen to any call is the matter of the `Gate` in front of them."""

from collections.abc import Mapping, Sequence
from typing import Final

from alerting_core.memory.log import MemoryLog
from alerting_core.memory.stream import MemorySink, MemoryStream
from alerting_core.ports.stream import Offsets, Outgoing, Record, Sink, Stream
from alerting_core.sim.facts import Committed, Polled
from alerting_core.sim.faults import Point, Resource, happens
from alerting_core.sim.observations import Gate, gated

HIDDEN_LOOK_MS: Final = 50
"""How long a consumer waits that sees nothing but hidden records."""


def open_sink(gate: Gate, log: MemoryLog) -> Sink:
    """Return the sink of a process."""
    sink: Sink = FaultySink(gate, MemorySink(log))
    return gated(gate, sink, "sink", Resource.LOG)


def open_stream(gate: Gate, log: MemoryLog, topic: str, group: str) -> Stream:
    """Return the stream of a process in *group*."""
    stream: Stream = FaultyStream(gate, log, topic=topic, group=group)
    return gated(gate, stream, "stream", Resource.LOG, group=group)


class FaultySink:
    """Publishes some records twice."""

    def __init__(self, gate: Gate, sink: Sink) -> None:
        self._gate, self._sink = gate, sink

    async def publish(self, outputs: Sequence[Outgoing]) -> None:
        """Append *outputs*."""
        await self._sink.publish(with_duplicates(self._gate, outputs))


class FaultyStream:
    """One consumer of a group."""

    def __init__(self, gate: Gate, log: MemoryLog, *, topic: str, group: str) -> None:
        self._gate, self._simulation, self._log = gate, gate.simulation, log
        self._topic, self._group, self._member = topic, group, gate.process.name
        self._stream = MemoryStream(log, topic=topic, group=group, member=self._member)

    def join(self, member: str) -> None:
        """Be in the group as *member*."""
        self._log.join(self._group, self._topic, member)

    async def poll(self, *, records_max: int, wait_ms: int) -> Sequence[Record]:
        """Return records; some partitions may lag behind."""
        records = await self._stream.poll(records_max=records_max, wait_ms=wait_ms)
        if self._simulation.hidden_until_ms:
            records = await self._without_hidden(records)
        records = self._without_delayed(records)
        if records:
            self._simulation.emit(Polled(self._gate.process, self._group, self._topic, records))
        return records

    async def commit(self, outputs: Sequence[Outgoing], offsets: Offsets) -> None:
        """Write outputs, then offsets; both at once unless they are torn apart."""
        operation = f"commit {self._group}"
        left: Sequence[Outgoing] = with_duplicates(self._gate, outputs)
        if happens(self._gate.dice, self._simulation.faults.split_commits_per_call):
            left = await self._tear(operation, left)
        if self._simulation.kill_schedule.due(self._member, Point.BETWEEN):
            self._log.append(left)
            await self._gate.die(operation, Point.BETWEEN)
        before = self._log.committed(self._group, self._topic)
        owned = self._log.owned(self._group, self._topic, self._member)
        # Read now: what every group has read may be forgotten by the commit.
        passed = self._between(before, offsets)
        await self._stream.commit(left, offsets)
        concerned = {number: before[number] for number in offsets}
        self._simulation.emit(
            Committed(self._gate.process, self._group, self._topic, concerned, offsets, owned, passed)
        )

    async def lag(self) -> Mapping[int, int]:
        """Return how much waits."""
        return await self._stream.lag()

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
        hidden, now_ms = self._simulation.hidden_until_ms, self._simulation.loop.now_ms()
        seen = [record for record in records if now_ms >= hidden.get((self._topic, record.partition), 0)]
        if records and not seen:
            await self._simulation.loop.pause(HIDDEN_LOOK_MS)
        return seen

    def _without_delayed(self, records: Sequence[Record]) -> Sequence[Record]:
        """Leave out the partitions that lag behind, and the end of a partition that is still on its way."""
        dice, chance = self._gate.dice, self._simulation.faults.delays_per_poll
        if not chance:
            return records
        shown: dict[int, int] = {}
        for number in sorted({record.partition for record in records}):
            count = sum(record.partition == number for record in records)
            if happens(dice, chance):
                self._simulation.count("partition delayed")
                count = 0 if dice.random() < 0.5 else dice.randrange(count + 1)
            shown[number] = count
        left: list[Record] = []
        for record in records:
            if shown[record.partition]:
                shown[record.partition] -= 1
                left.append(record)
        return left

    async def _tear(self, operation: str, outputs: Sequence[Outgoing]) -> Sequence[Outgoing]:
        """Write a part of the outputs, perhaps all; then die, fail, or go on with the rest."""
        gate, simulation = self._gate, self._simulation
        simulation.count("commit torn")
        part = gate.dice.randrange(len(outputs) + 1)
        self._log.append(outputs[:part])
        simulation.trace(f"{self._member} {operation} wrote {part} of {len(outputs)} outputs and no offsets")
        fate = gate.dice.random()
        if fate < 0.3 and simulation.faults.crashes_per_call:
            await gate.die(operation, Point.BETWEEN)
        if fate < 0.7:
            raise gate.refused(Resource.LOG, operation, "between")
        return outputs[part:]


def with_duplicates(gate: Gate, outputs: Sequence[Outgoing]) -> Sequence[Outgoing]:
    """Return *outputs* with some records twice in a row, as a producer writes that never saw the broker's answer."""
    chance = gate.simulation.faults.duplicates_per_record
    if not chance:
        return outputs
    written: list[Outgoing] = []
    for output in outputs:
        written.append(output)
        if happens(gate.dice, chance):
            gate.simulation.count("record duplicated")
            written.append(output)
    return written
