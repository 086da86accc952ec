"""Tells the time that a stage worked from the time that it waited for records."""

from collections.abc import Mapping, Sequence

from alerting_core.ports.clock import Clock
from alerting_core.ports.stream import Offsets, Outgoing, Record, Stream


class TimedStream:
    """A stream that knows how long its polls took."""

    def __init__(self, stream: Stream, clock: Clock) -> None:
        self._stream, self._clock = stream, clock
        self._polled_ms = 0.0

    def take_waited_ms(self) -> float:
        """Return how long the polls since the last call took, waiting for records and reading them."""
        waited_ms, self._polled_ms = self._polled_ms, 0.0
        return waited_ms

    async def poll(self, *, records_max: int, wait_ms: int) -> Sequence[Record]:
        """Return the records after the last commit."""
        begun_ms = self._clock.monotonic_ms()
        try:
            return await self._stream.poll(records_max=records_max, wait_ms=wait_ms)
        finally:
            self._polled_ms += self._clock.monotonic_ms() - begun_ms

    async def commit(self, outputs: Sequence[Outgoing], offsets: Offsets) -> None:
        """Make *outputs* durable, then the offsets."""
        await self._stream.commit(outputs, offsets)

    async def lag(self) -> Mapping[int, int]:
        """Return, per partition, how many records wait after the last commit."""
        return await self._stream.lag()
