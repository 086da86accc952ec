"""Taking what the library has fetched into a share, in equal parts, and as our records."""

from functools import lru_cache
from typing import Any, Final

from alerting_backend.adapters.kafka.member import Member
from alerting_backend.adapters.kafka.share import Share
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
