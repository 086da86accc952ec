"""The latest episode of each alert with a life: a table that is also the outbox of their records."""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from alerting_core.codec.records import MESSAGE_HEADERS
from alerting_core.domain.episode import Episode, EpisodeKey, unpublished_records
from alerting_core.ports.stream import Headers, Sink, alert_record


class PutResult(StrEnum):
    """What became of an episode that was to be stored."""

    STORED = "stored"
    CONFLICT = "conflict"
    """What is stored is not what the change was made from: load it, and decide again."""
    OWNER_GONE = "owner-gone"
    """The client that it belongs to does not exist; nothing is stored."""


class EpisodeStore(Protocol):
    """Durable episodes, one row per identity: (owner, fingerprint). With a client go the episodes that it owns.

    Every method raises PortUnavailable while the store is away; of what was to be written, any part may be.
    """

    async def load(self, keys: Collection[EpisodeKey]) -> Mapping[EpisodeKey, Episode]:
        """Return the episodes of those *keys* that have one."""
        ...

    async def put(self, episodes: Sequence[Episode]) -> Sequence[PutResult]:
        """Store each episode whose `version` is one more than that of the stored row, 1 where there is no row.

        Durable on return; results align with *episodes*, whose keys differ. Each is decided on its own: one that is
        refused keeps no other from being stored. The `published_phase` of the same episode (episode_id) is never
        lowered by it.
        """
        ...

    async def due(self, *, now_ms: int, limit: int) -> Sequence[Episode]:
        """Return open episodes whose end is *now_ms* or has passed, the longest overdue first, at most *limit*."""
        ...

    async def unpublished(self, *, older_than_ms: int, limit: int) -> Sequence[Episode]:
        """Return episodes with a phase that is not published, changed before *older_than_ms*, at most *limit*.

        Those whose phase changed first come first.
        """
        ...

    async def mark_published(self, episodes: Sequence[Episode]) -> None:
        """Note that the records of *episodes* are in the log up to the phase that each has here.

        It is noted of the row that holds the same episode (episode_id), and never lowers what it says. It is no change:
        the version stays.
        """
        ...


async def publish_records(
    episodes: Sequence[Episode], store: EpisodeStore, sink: Sink, headers: Headers = MESSAGE_HEADERS
) -> int:
    """Publish the records that the log lacks of *episodes*, then mark them as published; return how many these were.

    Raises:
        PortUnavailable: The log or the store is away; any part of the records may be in the log, and none is marked. To
            publish the same again is safe.
    """
    records = [alert_record(record, headers) for one in episodes for record in unpublished_records(one)]
    await sink.publish(records)
    await store.mark_published(episodes)
    return len(records)
