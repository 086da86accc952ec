"""The guarantee switched off: a stream that commits before the work is done, as a consumer with auto-commit does.

What was polled and is not done yet stays in the memory of the process, so that nothing goes wrong for as long as it
lives; when it dies, nobody does that work.
"""

from collections.abc import Callable, Mapping, Sequence

from alerting_core.ports.stream import Offsets, Outgoing, Record, Sink, Stream

__all__ = ["EagerStream"]


class EagerStream:
    """A stream whose order of commit and work is chosen while it runs.

    Args:
        stream: The real one.
        sink: Where outputs go once the offsets are committed.
        is_eager: Whether offsets are committed at once; asked at every poll.
    """

    def __init__(self, stream: Stream, sink: Sink, is_eager: Callable[[], bool]) -> None:
        self._stream, self._sink, self._is_eager = stream, sink, is_eager
        self._held: list[Record] = []

    async def poll(self, *, records_max: int, wait_ms: int) -> Sequence[Record]:
        """Return what is still in hand, or else what waits; commit that first, if eager."""
        if not self._held:
            records = await self._stream.poll(records_max=records_max, wait_ms=wait_ms)
            if not records or not self._is_eager():
                return records
            await self._stream.commit((), _after(records))
            self._held = list(records)
        return self._held

    async def commit(self, outputs: Sequence[Outgoing], offsets: Offsets) -> None:
        """Publish *outputs*; the offsets are committed with them, or were before."""
        if not self._held:
            await self._stream.commit(outputs, offsets)
            return
        if outputs:
            await self._sink.publish(outputs)
        self._held = [record for record in self._held if record.offset >= offsets.get(record.partition, 0)]

    async def lag(self) -> Mapping[int, int]:
        """Return how much waits."""
        return await self._stream.lag()


def _after(records: Sequence[Record]) -> dict[int, int]:
    after: dict[int, int] = {}
    for record in records:
        after[record.partition] = max(record.offset + 1, after.get(record.partition, 0))
    return after
