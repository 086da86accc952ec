"""Taking what the library has fetched into a share, in equal parts, and committing its offsets."""

import asyncio
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from aiokafka import errors
from aiokafka.protocol.commit import OffsetCommitRequest

from alerting_backend.adapters.kafka.connection import RETRY_BACKOFF_MS
from alerting_backend.adapters.kafka.member import Member
from alerting_backend.adapters.kafka.share import Share
from alerting_core.errors import FencedOff
from alerting_core.ports.stream import Headers, Record

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
        await asyncio.sleep(RETRY_BACKOFF_MS / 1_000)


def _refuse(codes: set[int]) -> None:
    """Raise what *codes* mean, unless the same request may be accepted later."""
    for code in codes:
        error = errors.for_code(code)
        if not error.retriable:
            raise error()
