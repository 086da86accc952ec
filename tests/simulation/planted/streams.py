"""Mistakes of the log and its streams."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from alerting_core.memory.log import MemoryLog
from alerting_core.ports.stream import DLQ_SUFFIX, Offsets, Outgoing, Record, Sink, Stream
from tests.simulation.planted.plant import SimWiring


class UnfencedLog(MemoryLog):
    """Lets everybody commit everything."""

    def check_commit(self, group: str, topic: str, member: str, offsets: Offsets) -> None:
        """Find nothing wrong."""


@dataclass
class CommitFirst:
    """A stream that commits before the outputs are written."""

    stream: Stream
    sink: Sink

    async def poll(self, *, records_max: int, wait_ms: int) -> Sequence[Record]:
        return await self.stream.poll(records_max=records_max, wait_ms=wait_ms)

    async def commit(self, outputs: Sequence[Outgoing], offsets: Offsets) -> None:
        await self.stream.commit((), offsets)
        await self.sink.publish(outputs)

    async def lag(self) -> Mapping[int, int]:
        return await self.stream.lag()


@dataclass
class NoDeadLetters(CommitFirst):
    """A stream that drops what is meant for the dead-letter topic."""

    async def commit(self, outputs: Sequence[Outgoing], offsets: Offsets) -> None:
        await self.stream.commit([o for o in outputs if not o.topic.endswith(DLQ_SUFFIX)], offsets)


def commit_before_publishing(wiring: SimWiring) -> SimWiring:
    return replace(wiring, stream=CommitFirst(wiring.input(), wiring.ports.sink))


def dead_letters_dropped(wiring: SimWiring) -> SimWiring:
    return replace(wiring, stream=NoDeadLetters(wiring.input(), wiring.ports.sink))
