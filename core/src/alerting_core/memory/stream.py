"""Consumers and producers of the log in memory."""

import asyncio
from collections.abc import Mapping, Sequence

from alerting_core.memory.log import MemoryLog
from alerting_core.ports.fair_share import fair_shares
from alerting_core.ports.stream import Offsets, Outgoing, Record


class MemorySink:
    """Publishes to a log."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log

    async def publish(self, outputs: Sequence[Outgoing]) -> None:
        """Append *outputs*, all or none."""
        self._log.append(outputs)


class MemoryStream:
    """One consumer of one topic in one group; it joins the group when it is made, and takes over its share.

    Args:
        member: Its name within the group, unique; made up when None.
    """

    def __init__(self, log: MemoryLog, *, topic: str, group: str, member: str | None = None) -> None:
        self._log = log
        self._topic = topic
        self._group = group
        self._member = member if member is not None else log.new_member()
        # Partition → end offset of what the last poll returned. Not a count: another member may commit in between.
        self._polled_to: dict[int, int] = {}
        self._turn = 0
        log.join(group, topic, self._member)

    async def poll(self, *, records_max: int, wait_ms: int) -> Sequence[Record]:
        """Return the records after the last commit, those of the last poll among them."""
        records = self._read(records_max)
        if records or wait_ms <= 0:
            return records
        try:
            async with asyncio.timeout(wait_ms / 1_000):
                while not records:
                    await self._log.appended(self._topic)
                    records = self._read(records_max)
        except TimeoutError:
            pass
        return records

    async def commit(self, outputs: Sequence[Outgoing], offsets: Offsets) -> None:
        """Append *outputs* and move the group to *offsets*, both or neither."""
        self._log.check_commit(self._group, self._topic, self._member, offsets)
        self._log.append(outputs)
        self._log.commit(self._group, self._topic, self._member, offsets)
        self._polled_to = {}
        self._turn += 1

    async def lag(self) -> Mapping[int, int]:
        """Return, per partition of the topic, how many records wait after the last commit of the group."""
        ends = self._log.end_offsets(self._topic)
        return {number: ends[number] - offset for number, offset in self._offsets().items()}

    def close(self) -> None:
        """Leave the group, so that others take its partitions at once."""
        self._log.leave(self._group, self._topic, self._member)

    def _offsets(self) -> Mapping[int, int]:
        return self._log.committed(self._group, self._topic)

    def _read(self, records_max: int) -> Sequence[Record]:
        offsets, ends = self._offsets(), self._log.end_offsets(self._topic)
        owned = self._log.owned(self._group, self._topic, self._member)
        counts = fair_shares(
            {number: ends[number] - offsets[number] for number in owned},
            taken_before={number: max(0, end - offsets[number]) for number, end in self._polled_to.items()},
            records_max=records_max,
            turn=self._turn,
        )
        self._polled_to = {number: offsets[number] + count for number, count in counts.items()}
        return [
            record
            for number, count in counts.items()
            for record in self._log.read(self._topic, number, offset=offsets[number], records_max=count)
        ]
