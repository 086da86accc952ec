"""Consuming from Kafka.

Theory of operation. A stream is one member of a group, which has a share of the partitions until the next rebalance
(see `share.py`). A poll hands out what is held of the share and fills up with what the library has fetched, an equal
part of each partition; a commit publishes the outputs, waits until all replicas have them, and then commits the
offsets with the generation of the share that they were polled from. Whatever comes between (a crash, a broker that is
away, a rebalance) the offsets are not committed, and the records are read again, here or by another member.

A rebalance waits shortly for the batch under way, so that on an orderly change nothing is done twice. Then the share
ends, with all that is held of it, and a commit of what was polled before is refused: by us, and where we know no better
yet, by the broker.

Why not Kafka's transactions: see the README.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from time import time
from typing import Final

from aiokafka.errors import CorruptRecordException, KafkaError

from alerting_backend.adapters.kafka.connection import RESOURCE, KafkaAddress, connecting, translate_errors_in_time
from alerting_backend.adapters.kafka.fetch import commit_offsets, fill
from alerting_backend.adapters.kafka.member import Member
from alerting_backend.adapters.kafka.share import Share
from alerting_core.errors import FencedOff, PortUnavailable
from alerting_core.ports.stream import Offsets, Outgoing, Record, Sink

START_SECONDS_MAX: Final = 10.0
"""Connecting to the cluster."""

JOIN_SECONDS_MAX: Final = 20.0
"""Without a share after which Kafka is taken for away: a group forms anew within 10 s, also when a member has died."""

LOOK_SECONDS_MAX: Final = 10.0
"""How long a poll without a wait may take to get the records that are there, joining the group included."""

COMMIT_SECONDS_MAX: Final = 10.0
"""One commit of offsets, with a change of the broker that keeps them."""

LAG_SECONDS_MAX: Final = 5.0
"""Asking how far the group is."""

AWAY_SECONDS: Final = 5.0
"""Silence of the brokers after which they are taken for away: ten times as long as they may hold a fetch."""


class KafkaStream:
    """One consumer of one topic in one group. It joins when it is first polled; `close` it to leave.

    Args:
        sink: Where outputs are published; shared with others, and closed by its owner.
        instance_id: See `Member`.
    """

    def __init__(
        self, address: KafkaAddress, sink: Sink, *, topic: str, group: str, instance_id: str | None = None
    ) -> None:
        self._address = address
        self._sink = sink
        self._topic = topic
        self._group = group
        self._instance_id = instance_id
        self._member: Member | None = None
        self._connecting = asyncio.Lock()  # Who asks for the lag may be another one than who polls.
        self._share: Share | None = None
        self._turn = 0
        self._nothing_since: float | None = None
        self._silent_share: Share | None = None

    async def poll(self, *, records_max: int, wait_ms: int) -> Sequence[Record]:
        """Return the records after the last commit, those of the last poll among them.

        Without a wait the brokers are asked what there is; with one, what comes first is returned.
        """
        if self._share is not None:
            self._share.idle.set()  # Who polls again has done with what was polled before.
        member = await self._connected()
        member.join()
        member.show_life()
        async with self._mending("poll", wait_ms / 1_000 + LOOK_SECONDS_MAX):
            look_now = wait_ms <= 0
            taking = self._look(member, records_max) if look_now else self._wait(member, records_max, wait_ms / 1_000)
            share: Share | None = await taking
        records = share.hand_out(records_max, turn=self._turn) if share is not None else []
        if records:
            self._share = share
            self._nothing_since = None
        else:
            self._check_alive(member)
        return records

    async def commit(self, outputs: Sequence[Outgoing], offsets: Offsets) -> None:
        """Publish *outputs*, then commit *offsets* for the share that they were polled from."""
        share = self._share
        try:
            self._check(share, offsets)
            await self._sink.publish(outputs)
            if offsets:
                self._check(share, offsets)
                assert share is not None and self._member is not None
                async with translate_errors_in_time("commit", COMMIT_SECONDS_MAX):
                    await commit_offsets(self._member, share, offsets)
                share.committed(offsets)
        finally:
            if share is not None:
                share.idle.set()
        self._turn += 1

    async def lag(self) -> Mapping[int, int]:
        """Return, per partition of the topic, how many records wait after the last commit of the group.

        Does not join the group, and may be called while others poll and commit: what goes wrong here is no concern of
        theirs.
        """
        member = await self._connected()
        async with translate_errors_in_time("lag", LAG_SECONDS_MAX):
            committed, ends = await member.committed(), await member.ends(member.all_partitions())
        return {partition: max(0, end - committed[partition]) for partition, end in sorted(ends.items())}

    @property
    def partitions(self) -> Sequence[int]:
        """The partitions that this consumer has at present; none before its first poll and while they move."""
        share = self._member.share if self._member is not None else None
        return share.partitions if share is not None else []

    @property
    def rebalancing(self) -> bool:
        """Whether the group is sharing its partitions out anew, or this consumer is not in it."""
        return self._member is None or self._member.rebalancing

    async def close(self) -> None:
        """Leave the group, so that others take the partitions at once."""
        async with self._connecting:
            member, self._member = self._member, None
            self._share = None
        if member is not None:
            await member.close()

    def _check(self, share: Share | None, offsets: Offsets) -> None:
        """Raise FencedOff unless *offsets* are of what was polled from the share that this member still has."""
        if not offsets:
            return
        if share is None or self._member is None or self._member.share is not share:
            raise FencedOff(f"the partitions of {self._topic} were given out anew in {self._group}")
        share.check(offsets)

    async def _connected(self) -> Member:
        async with self._connecting:
            if self._member is None:
                member = Member(self._address, topic=self._topic, group=self._group, instance_id=self._instance_id)
                try:
                    async with connecting(self._address, "connect", START_SECONDS_MAX):
                        await member.start()
                except BaseException:
                    await member.close()
                    raise
                self._member = member
            return self._member

    async def _look(self, member: Member, records_max: int) -> Share:
        """Take what there is when the brokers are asked now, however long joining and fetching it takes."""
        while True:
            share = member.share
            if share is None or member.rebalancing:
                await member.wait(LOOK_SECONDS_MAX)
                continue
            await member.settle(share.partitions)
            ends = await member.ends(share.partitions)
            while member.share is share and not member.rebalancing:
                if await fill(member, share, self._topic, records_max=records_max, ends=ends):
                    return share
                await member.wait(LOOK_SECONDS_MAX)

    async def _wait(self, member: Member, records_max: int, wait_seconds: float) -> Share | None:
        """Take what was fetched; when that is nothing, what comes first within *wait_seconds*."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + wait_seconds
        while True:
            share = member.share
            if share is not None and not member.rebalancing:
                await fill(member, share, self._topic, records_max=records_max)
                if share.count:
                    return share
            left = deadline - clock()
            if left <= 0:
                return None
            await member.wait(left)

    def _check_alive(self, member: Member) -> None:
        """Raise PortUnavailable when nothing has come for long, and no broker has said that there is nothing."""
        now = time()
        if self._nothing_since is None or member.share is not self._silent_share:
            self._nothing_since, self._silent_share = now, member.share
        if member.share is not None and not member.share.partitions:
            return  # There are more members than partitions: this one waits for its turn.
        heard_at = max(self._nothing_since, (member.last_answer_ms() or 0) / 1_000)
        if now - heard_at > (AWAY_SECONDS if member.share is not None else JOIN_SECONDS_MAX):
            what = "answered" if member.share is not None else "formed the group"
            raise PortUnavailable(RESOURCE, operation="poll", detail=f"no broker has {what} for {now - heard_at:.0f} s")

    @asynccontextmanager
    async def _mending(self, operation: str, seconds_max: float) -> AsyncIterator[None]:
        """Let errors out as `PortUnavailable`; after one that does not pass by itself the next poll joins anew."""
        try:
            async with translate_errors_in_time(operation, seconds_max):
                yield
        except PortUnavailable as error:
            cause = error.__cause__
            if isinstance(cause, KafkaError) and not cause.retriable and not isinstance(cause, CorruptRecordException):
                await self.close()
            raise
