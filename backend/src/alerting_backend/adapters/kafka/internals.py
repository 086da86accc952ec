"""What the library keeps to itself and we need all the same: used in this file alone.

* The generation that a commit belongs to. The library's own commit sends whatever generation it has by then, so that
  work of a lost share could be committed as a newer one's.
* How far a consumer's fetcher is, and the bell that it rings when it has fetched something: the library's own waiting
  hands records out at the same time.
* What an idempotent producer holds. The library never gives that up.

A test by the name of this file says which of these a new version of the library has no more.
"""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from itertools import chain
from typing import Any, cast

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError


class ConsumerInside:
    """A consumer that is a member of a group, from within; it must have been started for all but `is_subscribed`."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer: Any = consumer

    @property
    def is_subscribed(self) -> bool:
        """Whether it has begun to join its group."""
        return self._consumer._subscription.subscription is not None

    @property
    def is_reassigning(self) -> bool:
        """Whether its group is sharing the partitions out anew."""
        return bool(self._consumer._subscription.reassignment_in_progress)

    @property
    def generation(self) -> int:
        """Which generation of its group it belongs to."""
        return cast("int", self._consumer._coordinator.generation)

    @property
    def member_id(self) -> str:
        """What the broker knows it by in that generation."""
        return cast("str", self._consumer._coordinator.member_id)

    async def learn_partitions(self, topic: str) -> None:
        """Wait until the partitions of *topic* are known."""
        await self._consumer._client._wait_on_metadata(topic)

    def rejoin(self) -> None:
        """Join the group anew."""
        self._consumer._coordinator.request_rejoin()

    def check_errors(self) -> None:
        """Raise what has ended the library's own task for the group."""
        self._consumer._coordinator.check_errors()

    def next_fetch(self) -> "asyncio.Future[None]":
        """Return what is done as soon as something was fetched, or fetching has failed."""
        return cast("asyncio.Future[None]", self._consumer._fetcher._create_fetch_waiter())

    def asking(self) -> AbstractContextManager[None]:
        """Return a context in which records are asked for: whoever does not for long is taken for one that hangs."""
        return cast("AbstractContextManager[None]", self._consumer._subscription.fetch_context())

    def position(self, place: TopicPartition) -> int | None:
        """Return the next offset that is handed out of a partition; None when that is not known, or it is not ours."""
        state = self._consumer._subscription.subscription.assignment.state_value(place)
        return cast("int", state.position) if state is not None and state.has_valid_position else None

    async def committed(self, places: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Return the offsets that the group has committed, of any partitions; those without any are left out."""
        found = await self._consumer._coordinator.fetch_committed_offsets(list(places))
        return {place: metadata.offset for place, metadata in found.items()}

    async def send_to_coordinator(self, request: Any) -> Any:
        """Send a request to the broker that keeps the group, which is looked for first, without bound."""
        await self._consumer._coordinator.ensure_coordinator_known()
        return await self._consumer._coordinator._send_req(request)

    def forget_coordinator(self) -> None:
        """Look for that broker anew before the next request."""
        self._consumer._coordinator.coordinator_dead()


def drop_all(producer: AIOKafkaProducer) -> None:
    """Stop sending, and fail all that *producer* holds."""
    inside: Any = producer
    sender, held = inside._sender, inside._message_accumulator
    if sender.sender_task is not None:
        sender.sender_task.cancel()
    held.fail_all(KafkaError("given up"))
    for batch in (*chain.from_iterable(held._batches.values()), *held._pending_batches):
        for future in (batch.future, batch._drain_waiter):
            if future.done():
                future.exception()  # Nobody waits for these any more, and asyncio would complain.
