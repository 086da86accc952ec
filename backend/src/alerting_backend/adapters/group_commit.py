"""Group commit: what several callers publish at the same time is written together.

Theory of operation. Callers add what they publish to a queue; one batch at a time is taken from it, written, and waited
for. While a batch is under way the next one gathers, so that a thousand callers with one record each cost a few writes
instead of a thousand that wait for each other. No batch starts before the one before it has ended, which keeps the
order of each key whatever fails.

A refusal is about the records of one caller: then each caller's records are written alone. Any other error is that of
all whose records were in the batch, and perhaps of those who wait: they keep their records and publish again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

from alerting_core.errors import AlertingError
from alerting_core.ports.stream import Outgoing, check_sizes

BATCH_BYTES_MAX: Final = 16 * 1_048_576
"""Of several callers together: what is held twice, by the callers and as a batch, while a batch is under way."""

_Call: TypeAlias = tuple[Sequence[Outgoing], "asyncio.Future[None]"]


class GroupCommit:
    """Writes the records of all callers with one writer.

    Args:
        write: Writes one batch. It is never called a second time before it has returned.
        records_max: Records of several callers together; one call alone is never split.
        fail_waiting: Whether a log that is away is reported to those who wait as well. Where all batches go over one
            connection they would only meet the same, one batch after the other.
    """

    def __init__(
        self, write: Callable[[Sequence[Outgoing]], Awaitable[None]], *, records_max: int, fail_waiting: bool
    ) -> None:
        self._write = write
        self._records_max, self._fail_waiting = records_max, fail_waiting
        self._waiting: list[_Call] = []
        self._writing: asyncio.Task[None] | None = None

    async def publish(self, outputs: Sequence[Outgoing]) -> None:
        """Write *outputs*, perhaps together with those of others; return when that is done.

        Raises:
            LimitExceeded: A record is larger than any stream takes.
            AlertingError: What *write* raised of these records, or of a batch before them.
        """
        if not outputs:
            return
        check_sizes(outputs)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((outputs, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        await done

    async def drain(self) -> None:
        """Wait until all that was handed in is written, or has failed."""
        if self._writing is not None:
            await asyncio.wait([self._writing])

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                await self._write_batch(self._take())
        finally:
            for _, done in self._waiting:  # Not empty only when the process is being stopped.
                done.cancel()

    def _take(self) -> Sequence[_Call]:
        records = size = 0
        for count, (outputs, _) in enumerate(self._waiting):
            records += len(outputs)
            size += sum(len(output.value) for output in outputs)
            if count > 0 and (records > self._records_max or size > BATCH_BYTES_MAX):
                break
        else:
            count = len(self._waiting)
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken

    async def _write_batch(self, calls: Sequence[_Call]) -> None:
        try:
            await self._write([output for outputs, _ in calls for output in outputs])
        except asyncio.CancelledError:
            for _, done in calls:
                done.cancel()
            raise
        except AlertingError as error:
            await self._failed(calls, error)
        except Exception as error:  # A bug: it is the callers', who get it.
            _fail(calls, error)
        else:
            for _, done in calls:
                if not done.done():
                    done.set_result(None)

    async def _failed(self, calls: Sequence[_Call], error: AlertingError) -> None:
        if not error.retryable and len(calls) > 1:
            for one in calls:
                await self._write_batch([one])
            return
        _fail(calls, error)
        if error.retryable and self._fail_waiting:
            waiting, self._waiting = self._waiting, []
            _fail(waiting, error)


def _fail(calls: Sequence[_Call], error: Exception) -> None:
    for _, done in calls:
        if not done.done():
            done.set_exception(error)
