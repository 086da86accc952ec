"""Consuming from Kafka: shares are filled with what was fetched, offsets committed once what they stand for is done.

Theory of operation. A stream is one member of a group, which has a share of the partitions until the next rebalance
(see `member.py`). A poll hands out what is held of the share and fills up with what the library has fetched, an equal
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
from functools import lru_cache
from time import time
from typing import Any, Final

from aiokafka import errors
from aiokafka.protocol.commit import OffsetCommitRequest

from alerting_backend.adapters.kafka import connection
from alerting_backend.adapters.kafka.member import Member, Share
from alerting_core.errors import FencedOff, PortUnavailable
from alerting_core.ports.stream import Headers, Offsets, Outgoing, Record, Sink

HELD_BYTES_MAX: Final = 24 * 1_048_576
"""Values held of a share, polled and not committed: no more are taken beyond it, whatever their number."""

_TAKE_RECORDS: Final = 128
"""Taken at once, so that large records are noticed before there are too many."""


async def fill(
    member: Member, share: Share, topic: str, *, records_max: int, ends: dict[int, int] | None = None
) -> bool:
    """Take fetched records until *share* holds *records_max*, an equal part of each partition before the rest.

    Does not wait. With *ends*, the rest is taken only when each partition has given its part or was read to its end;
    returns whether that is so.
    """
    partitions = share.partitions
    if not partitions:
        return True
    part = max(1, records_max // len(partitions))
    for partition in partitions:
        await _take(member, share, topic, partition, part - share.held_of(partition))
    if ends is not None and not _is_full(share, records_max):
        for partition in partitions:
            if share.held_of(partition) < part and not member.is_read(partition, ends[partition]):
                return False
    for partition in partitions:
        await _take(member, share, topic, partition, records_max - share.count)
    return _is_full(share, records_max) or ends is None or all(member.is_read(*end) for end in ends.items())


def _is_full(share: Share, records_max: int) -> bool:
    return share.count >= records_max or share.size >= HELD_BYTES_MAX


async def _take(member: Member, share: Share, topic: str, partition: int, records_max: int) -> None:
    left = records_max
    while left > 0 and share.size < HELD_BYTES_MAX:
        wanted = min(left, _TAKE_RECORDS)
        found = await member.take(partition, wanted)
        share.hold(partition, [to_record(topic, one) for one in found])
        left -= wanted
        if len(found) < wanted:
            return


def to_record(topic: str, fetched: Any) -> Record:
    """Return a record of the library as ours. What is absent (a key, a value, a time) is empty."""
    return Record(
        topic,
        fetched.partition,
        fetched.offset,
        fetched.key or b"",
        fetched.value or b"",
        _headers(fetched.headers) if fetched.headers else (),
        max(0, fetched.timestamp or 0),
    )


# Nearly all records of a topic have the same few headers.
@lru_cache(maxsize=256)
def _headers(headers: tuple[tuple[str, bytes | None], ...]) -> Headers:
    return tuple((name, value or b"") for name, value in headers)


_LOST: Final = (
    errors.UnknownMemberIdError,
    errors.IllegalGenerationError,
    errors.RebalanceInProgressError,
)
_FENCED_INSTANCE_ID: Final = 82  # The library does not know it.
_LOST_CODES: Final = frozenset({*(error.errno for error in _LOST), _FENCED_INSTANCE_ID})


async def commit_offsets(member: Member, share: Share, offsets: Mapping[int, int]) -> None:
    """Commit *offsets* in the name of *share*; tries again while the group's broker is not to be had, without bound.

    The broker refuses them when the group has moved on to another generation.

    Raises:
        FencedOff: It has.
        KafkaError: The broker refuses them for another reason.
    """
    group, topic = member.place
    while True:
        parts = [(partition, offset, "") for partition, offset in offsets.items()]
        request = OffsetCommitRequest(
            group, share.generation, share.member_id, OffsetCommitRequest.DEFAULT_RETENTION_TIME, [(topic, parts)]
        )
        try:
            response = await member.inside.send_to_coordinator(request)
        except errors.KafkaError as error:
            if not error.retriable:
                raise
        else:
            codes = {code for _, partitions in response.topics for _, code in partitions} - {0}
            if not codes:
                return
            if codes & _LOST_CODES:
                member.lose_share()
                raise FencedOff(f"the partitions of {group} were given out anew")
            _refuse(codes)
            member.inside.forget_coordinator()  # It has moved, or is not ready yet.
        await asyncio.sleep(connection.RETRY_BACKOFF_MS / 1_000)


def _refuse(codes: set[int]) -> None:
    """Raise what *codes* mean, unless the same request may be accepted later."""
    for code in codes:
        error = errors.for_code(code)
        if not error.retriable:
            raise error()


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
        self, address: connection.KafkaAddress, sink: Sink, *, topic: str, group: str, instance_id: str | None = None
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
                async with connection.translate_errors_in_time("commit", COMMIT_SECONDS_MAX):
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
        async with connection.translate_errors_in_time("lag", LAG_SECONDS_MAX):
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
                    async with connection.connecting(self._address, "connect", START_SECONDS_MAX):
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
            raise PortUnavailable(
                connection.RESOURCE, operation="poll", detail=f"no broker has {what} for {now - heard_at:.0f} s"
            )

    @asynccontextmanager
    async def _mending(self, operation: str, seconds_max: float) -> AsyncIterator[None]:
        """Let errors out as `PortUnavailable`; after one that does not pass by itself the next poll joins anew."""
        try:
            async with connection.translate_errors_in_time(operation, seconds_max):
                yield
        except PortUnavailable as error:
            cause = error.__cause__
            if (
                isinstance(cause, errors.KafkaError)
                and not cause.retriable
                and not isinstance(cause, errors.CorruptRecordException)
            ):
                await self.close()
            raise
