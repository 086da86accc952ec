"""Committing the offsets of one share, and of no other."""

import asyncio
from collections.abc import Mapping
from typing import Final

from aiokafka import errors
from aiokafka.protocol.commit import OffsetCommitRequest

from alerting_backend.adapters.kafka.address import RETRY_BACKOFF_MS
from alerting_backend.adapters.kafka.member import Member
from alerting_backend.adapters.kafka.share import Share
from alerting_core.errors import FencedOff

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
