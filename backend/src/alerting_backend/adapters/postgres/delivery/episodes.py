"""Episodes in Postgres: the latest of each identity, changed by compare-and-set, with the row as the outbox."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Final, TypeAlias

from alerting_backend.adapters.postgres import connection as postgres
from alerting_backend.adapters.postgres.tables import Table, batches, column, fetch_unless_clients_go, optional_texts
from alerting_core.domain.alert import Severity
from alerting_core.domain.episode import Episode, EpisodeKey, EpisodeStatus, Reporter
from alerting_core.ports.episodes import PutResult

EPISODES: Final = Table(
    "alert_episodes",
    Episode,
    {
        "owner": column("client_id", "text", write=lambda owner: owner or None, read=lambda client_id: client_id or ""),
        "fingerprint": column("fingerprint", "text"),
        "episode_id": column("episode_id", "uuid"),
        "number": column("number", "integer"),
        "status": column("status", "text", write=str, read=EpisodeStatus),
        "starts_at_ms": column("starts_at", "timestamptz"),
        "ends_at_ms": column("ends_at", "timestamptz"),
        "reporters": column(
            "reporters",
            "jsonb",
            write=lambda reporters: tuple((one.starts_at_ms, one.until_ms) for one in reporters),
            read=lambda stored: tuple(Reporter(*one) for one in stored),
        ),
        "reported_end_ms": column("reported_end", "timestamptz"),
        "phase": column("phase", "integer"),
        "published_phase": column("published_phase", "integer"),
        "version": column("version", "integer"),
        "changed_at_ms": column("changed_at", "timestamptz"),
        "severity": column("severity", "smallint", write=int, read=Severity.from_number),
        "source": column("source", "text"),
        "name": column("name", "text"),
        "context": column("context", "jsonb", write=dict),
        "annotations": optional_texts("annotations"),
    },
)

# OFFSET 0: each is looked up by its key, whatever the planner thinks of the table's size.
_LOAD: Final = f"""
SELECT {EPISODES.columns_of("e")} FROM unnest($1::text[], $2::text[]) AS w (fingerprint, owner)
CROSS JOIN LATERAL (
    SELECT * FROM alert_episodes AS o WHERE o.fingerprint = w.fingerprint AND o.owner = w.owner OFFSET 0
) AS e
"""

_CHANGES: Final = ", ".join(
    f"{name} = excluded.{name}"
    for name in EPISODES.types
    if name not in {"client_id", "fingerprint", "published_phase"}
)

# In one order, so that two writers of the same episodes wait for each other instead of locking each other out. Whoever
# has waited finds another version than it was made from. The owner is computed before the look-up: under a policy, what
# a condition computes is no key of an index.
_PUT: Final = f"""
INSERT INTO alert_episodes AS e ({EPISODES.columns})
SELECT {EPISODES.columns_of("w")} FROM (
    SELECT u.*, coalesce(u.client_id, '') AS owner FROM unnest({EPISODES.arrays}) AS u ({EPISODES.columns})
    OFFSET 0
) AS w
WHERE (w.client_id IS NULL OR EXISTS (SELECT FROM clients AS c WHERE c.client_id = w.client_id))
    AND w.version - 1 = coalesce((
        SELECT o.version FROM alert_episodes AS o WHERE o.fingerprint = w.fingerprint AND o.owner = w.owner OFFSET 0
    ), 0)
ORDER BY w.fingerprint, w.owner
ON CONFLICT (fingerprint, owner) DO UPDATE SET
    {_CHANGES},
    published_phase = CASE WHEN e.episode_id = excluded.episode_id
        THEN greatest(e.published_phase, excluded.published_phase) ELSE excluded.published_phase END
WHERE e.version = excluded.version - 1
RETURNING owner, fingerprint
"""

_KNOWN_CLIENTS: Final = "SELECT client_id FROM clients WHERE client_id = ANY ($1::text[])"

_DUE: Final = f"""
SELECT {EPISODES.columns} FROM alert_episodes WHERE status = 'OPEN' AND ends_at <= $1 ORDER BY ends_at LIMIT $2
"""

_UNPUBLISHED: Final = f"""
SELECT {EPISODES.columns} FROM alert_episodes
WHERE published_phase < phase AND changed_at < $1 ORDER BY changed_at LIMIT $2
"""

# Locked in the order in which they are put, and each looked up by its key.
_MARK: Final = """
UPDATE alert_episodes AS e SET published_phase = w.phase
FROM (
    SELECT w.*, o.published_phase
    FROM (
        SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[], $4::integer[])
            AS u (fingerprint, owner, episode_id, phase)
        ORDER BY u.fingerprint, u.owner
    ) AS w
    CROSS JOIN LATERAL (
        SELECT l.published_phase FROM alert_episodes AS l
        WHERE l.fingerprint = w.fingerprint AND l.owner = w.owner AND l.episode_id = w.episode_id
        OFFSET 0
        FOR NO KEY UPDATE
    ) AS o
) AS w
WHERE e.fingerprint = w.fingerprint AND e.owner = w.owner AND e.episode_id = w.episode_id
    AND e.published_phase < w.phase
"""

Connect: TypeAlias = Callable[[Collection[str], str], AbstractAsyncContextManager[postgres.Connection]]
"""Gives a connection for an operation, named, on the rows of these owners."""


def of_pipeline(pool: postgres.Pool) -> Connect:
    """Work on the rows of all owners by the connections of *pool*, the worker's role."""
    return lambda _, operation: postgres.connected(pool, operation)


def of_owners(pools: postgres.Pools) -> Connect:
    """Work on a client's own by the role that sees nothing else, and on what is shared by the operators'."""

    def connect(owners: Collection[str], operation: str) -> AbstractAsyncContextManager[postgres.Connection]:
        one = next(iter(owners)) if len(owners) == 1 else ""
        if one:
            return postgres.tenant_transaction(pools.api, operation, client_id=one)
        return postgres.connected(pools.admin, operation)

    return connect


class PgEpisodeStore:
    """Stores the latest episode of each identity. Each statement is a transaction of its own.

    Args:
        connect: By whose role: `of_pipeline`, or `of_owners`.
    """

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def load(self, keys: Collection[EpisodeKey]) -> Mapping[EpisodeKey, Episode]:
        """Return the episodes of those keys that have one."""
        if not keys:
            return {}
        async with self._connect(_owners(keys), "load_episodes") as connection:
            rows = await connection.fetch(_LOAD, *_columns_of(set(keys)))
        return {episode.key: episode for episode in map(EPISODES.read, rows)}

    async def put(self, episodes: Sequence[Episode]) -> Sequence[PutResult]:
        """Store each that was made from what is stored."""
        stored = set[EpisodeKey]()
        for batch in batches(episodes):
            connect = partial(self._connect, {one.owner for one in batch}, "put_episodes")
            rows = await fetch_unless_clients_go(connect, _PUT, *EPISODES.rows(batch))
            stored.update((row["owner"], row["fingerprint"]) for row in rows)
        refused = {episode.owner for episode in episodes if episode.key not in stored}
        gone = await self._gone(refused - {""})
        return [_result(episode, stored, gone) for episode in episodes]

    async def due(self, *, now_ms: int, limit: int) -> Sequence[Episode]:
        """Return open episodes whose end has passed."""
        async with self._connect((), "due_episodes") as connection:
            return list(map(EPISODES.read, await connection.fetch(_DUE, now_ms, limit)))

    async def unpublished(self, *, older_than_ms: int, limit: int) -> Sequence[Episode]:
        """Return episodes with a phase that is not published."""
        async with self._connect((), "unpublished_episodes") as connection:
            return list(map(EPISODES.read, await connection.fetch(_UNPUBLISHED, older_than_ms, limit)))

    async def mark_published(self, episodes: Sequence[Episode]) -> None:
        """Note what is in the log."""
        furthest = {(one.key, one.episode_id): one for one in sorted(episodes, key=lambda one: one.phase)}
        for batch in batches(furthest.values()):
            async with self._connect({one.owner for one in batch}, "mark_episodes_published") as connection:
                marks = [one.episode_id for one in batch], [one.phase for one in batch]
                await connection.execute(_MARK, *_columns_of([one.key for one in batch]), *marks)

    async def _gone(self, clients: Collection[str]) -> Collection[str]:
        """Return those of *clients* that do not exist."""
        if not clients:
            return ()
        async with self._connect(clients, "clients_of_episodes") as connection:
            known = await connection.fetch(_KNOWN_CLIENTS, list(clients))
        return set(clients).difference(row["client_id"] for row in known)


def _result(episode: Episode, stored: Collection[EpisodeKey], gone: Collection[str]) -> PutResult:
    if episode.key in stored:
        return PutResult.STORED
    return PutResult.OWNER_GONE if episode.owner in gone else PutResult.CONFLICT


def _owners(keys: Collection[EpisodeKey]) -> Collection[str]:
    return {owner for owner, _ in keys}


def _columns_of(keys: Collection[EpisodeKey]) -> tuple[Sequence[str], Sequence[str]]:
    """Return fingerprints and owners, as a statement takes them."""
    keys = list(keys)
    return [fingerprint for _, fingerprint in keys], [owner for owner, _ in keys]
