"""Publishing to logs in Postgres."""

import asyncio
from collections.abc import Sequence
from typing import Final, TypeAlias

from alerting_backend.adapters.postgres.log import PgLog
from alerting_backend.adapters.postgres.pools import transaction
from alerting_core.ports.records import check_sizes
from alerting_core.ports.stream import Outgoing

RECORDS_PER_COMMIT_MAX: Final = 5_000
"""Of several callers together; one call alone is never split. Some 50 ms of work, for which its partitions are held."""

_Waiting: TypeAlias = tuple[Sequence[Outgoing], "asyncio.Future[None]"]


class PgSink:
    """Publishes to a log. Calls that come while another is being committed go together in the next transaction.

    So a thousand callers with one record each cost a few commits, not a thousand that wait in line for the same rows.
    """

    def __init__(self, log: PgLog) -> None:
        self._log = log
        self._waiting: list[_Waiting] = []
        self._committing: asyncio.Task[None] | None = None

    async def publish(self, outputs: Sequence[Outgoing]) -> None:
        """Append *outputs*, all or none."""
        if not outputs:
            return
        check_sizes(outputs)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((outputs, done))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_all())
        await done

    async def _commit_all(self) -> None:
        try:
            while self._waiting:
                await self._commit(self._take())
        finally:
            self._committing = None
            for _, done in self._waiting:  # Not empty only when the process is being stopped.
                done.cancel()

    def _take(self) -> Sequence[_Waiting]:
        records = 0
        for count, (outputs, _) in enumerate(self._waiting):
            records += len(outputs)
            if records > RECORDS_PER_COMMIT_MAX and count > 0:
                break
        else:
            count = len(self._waiting)
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken

    async def _commit(self, taken: Sequence[_Waiting]) -> None:
        outputs = [output for some, _ in taken for output in some]
        topics = {output.topic for output in outputs}
        try:
            await self._log.know(topics)
            async with transaction(self._log.pool, "publish") as connection:
                await self._log.append(connection, outputs)
        except asyncio.CancelledError:
            for _, done in taken:
                done.cancel()
            raise
        except Exception as error:  # It is the callers', who get it.
            for _, done in taken:
                if not done.done():
                    done.set_exception(error)
            return
        self._log.wakeups.ring(topics)
        for _, done in taken:
            if not done.done():
                done.set_result(None)
