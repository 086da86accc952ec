"""Publishing to logs in Postgres."""

from collections.abc import Sequence
from typing import Final

from alerting_backend.adapters.group_commit import GroupCommit
from alerting_backend.adapters.postgres.log import PgLog
from alerting_backend.adapters.postgres.pools import transaction
from alerting_core.ports.stream import Outgoing

RECORDS_PER_COMMIT_MAX: Final = 5_000
"""Of several callers together. Some 50 ms of work, for which its partitions are held."""


class PgSink:
    """Publishes to a log; each batch of a group commit is one transaction."""

    def __init__(self, log: PgLog) -> None:
        self._log = log
        self._commits = GroupCommit(self._append, records_max=RECORDS_PER_COMMIT_MAX, fail_waiting=False)

    async def publish(self, outputs: Sequence[Outgoing]) -> None:
        """Append *outputs*, all or none."""
        await self._commits.publish(outputs)

    async def _append(self, outputs: Sequence[Outgoing]) -> None:
        topics = {output.topic for output in outputs}
        await self._log.know(topics)
        async with transaction(self._log.pool, "publish") as connection:
            await self._log.append(connection, outputs)
        self._log.wakeups.ring(topics)
