"""What a running platform has stored, read from its database as the owner sees it, past the platform."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg

from alerting_backend.adapters.postgres.connection import Address, owner_connection
from alerting_backend.embedded_postgres.processes import running_postmaster
from alerting_backend.embedded_postgres.server import DATABASE
from alerting_core.errors import PortUnavailable
from tests.support.patience import SETTLE_SECONDS_MAX
from tests.support.receiver import Notice
from tests.support.varied_world import Notified

# One statement sees one moment. A consumer group that has not looked yet has read nothing.
_UNFINISHED: Final = """
SELECT
    (SELECT count(*) FROM alert_episodes WHERE published_phase < phase) AS episodes_unpublished,
    (SELECT count(*) FROM notifications WHERE status = 'RECEIVED') AS notifications_received,
    (SELECT count(*) FROM deliveries WHERE status NOT IN ('DELIVERED', 'DEAD', 'SKIPPED')) AS deliveries_open,
    (SELECT count(*) FROM deliveries WHERE due_at IS NOT NULL OR lease_owner IS NOT NULL) AS deliveries_due_or_leased,
    (
        SELECT coalesce(sum(p.next_offset - greatest(p.first_offset, coalesce(o.next_offset, 0))), 0)::bigint
        FROM (VALUES
            ('recorder-group', 'alerts.new'), ('resolver-group', 'alerts.new'), ('evaluator-group', 'alerts.new'),
            ('aggregator-group', 'alerts.matched'), ('sender-group', 'notifications.ready')
        ) AS c (consumer_group, topic)
        JOIN stream_partitions AS p ON p.topic = c.topic
        LEFT JOIN stream_offsets AS o
            ON o.consumer_group = c.consumer_group AND o.topic = c.topic AND o.partition = p.partition
    ) AS lag
"""

_NOT_DELIVERED_ONCE: Final = """
SELECT count(*) AS n FROM deliveries AS d
WHERE (
    SELECT count(*) FROM attempts AS a
    WHERE a.client_id = d.client_id AND a.delivery_id = d.delivery_id AND a.reason = 'delivered'
) <> 1
"""

_INTERRUPTED: Final = """
SELECT d.target, d.notification_id, count(*) AS n
FROM attempts AS a JOIN deliveries AS d USING (client_id, delivery_id)
WHERE a.reason = 'interrupted'
GROUP BY d.target, d.notification_id
"""

_LOOK_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class Stored:
    """The database in *data_dir*, which a running platform has open."""

    data_dir: Path

    def address(self) -> Address:
        """Return where it is.

        Raises:
            PortUnavailable: No server runs.
        """
        postmaster = running_postmaster((self.data_dir / "postgres").resolve())
        if postmaster is None:
            raise PortUnavailable("postgres", operation="look", detail="no server runs")
        return Address.of_socket(postmaster.socket_folder, port=postmaster.port, database=DATABASE)

    def rows(self, statement: str) -> Sequence[Mapping[str, Any]]:
        """Return the rows of *statement*."""
        return [dict(row) for row in self._records(statement)]

    def unfinished(self) -> Mapping[str, int]:
        """Return what is still under way: kind → how much, without those of which there is none."""
        (row,) = self.rows(_UNFINISHED)
        return {name: number for name, number in row.items() if number}

    def wait_until_settled(
        self, *, seconds_max: float = SETTLE_SECONDS_MAX, is_running: Callable[[], bool] = lambda: True
    ) -> None:
        """Look again and again until nothing is under way any more."""
        deadline = time.monotonic() + seconds_max
        while unfinished := self.unfinished():
            assert is_running(), "the platform ended"
            if time.monotonic() > deadline:
                raise TimeoutError(f"after {seconds_max:g} s this was still under way: {unfinished}")
            time.sleep(_LOOK_SECONDS)

    def interrupted(self) -> Counter[Notice]:
        """Return how many attempts of each delivery are on record as interrupted."""
        rows = self.rows(_INTERRUPTED)
        return Counter({(row["target"], row["notification_id"]): row["n"] for row in rows})

    def notifications(self) -> Sequence[tuple[Notified, tuple[str, ...]]]:
        """Return ((client_id, notification_id), rule_ids) of every row."""
        rows = self._records("SELECT client_id, notification_id, rule_ids FROM notifications")
        return [((row["client_id"], row["notification_id"]), tuple(row["rule_ids"])) for row in rows]

    def over_at_once(self) -> Collection[Notified]:
        """Return the notifications that say at once that an alert fired and that it is over."""
        rows = self._records(
            "SELECT client_id, notification_id FROM notifications WHERE kind = 'FIRING' AND ends_at > 0"
        )
        return {(row["client_id"], row["notification_id"]) for row in rows}

    def deliveries(self) -> Sequence[Notice]:
        """Return (target, notification_id) of every row."""
        rows = self._records("SELECT target, notification_id FROM deliveries")
        return [(row["target"], row["notification_id"]) for row in rows]

    def statuses(self, table: str) -> Counter[str]:
        """Return how many rows of *table* have each status."""
        return Counter({row["status"]: row["n"] for row in self.rows(_STATUSES[table])})

    def alert_ids(self) -> Sequence[str]:
        """Return the alert_id of every row of the alert log."""
        return [row["alert_id"] for row in self._records("SELECT alert_id FROM alerts")]

    def dead_letters(self) -> int:
        """Return how many records were put aside."""
        return self._count("SELECT count(*) AS n FROM stream_records WHERE topic LIKE '%.dlq'")

    def not_delivered_once(self) -> int:
        """Return how many deliveries have not exactly one attempt on record that was a success."""
        return self._count(_NOT_DELIVERED_ONCE)

    def _count(self, statement: str) -> int:
        (row,) = self.rows(statement)
        return int(row["n"])

    def _records(self, statement: str) -> Sequence[asyncpg.Record]:
        """Return the rows as the driver has them: a hundred thousand take little room so."""
        return asyncio.run(self._fetch(statement))

    async def _fetch(self, statement: str) -> Sequence[asyncpg.Record]:
        async with owner_connection(self.address()) as connection:
            return await connection.fetch(statement)


_STATUSES: Final = {
    table: f"SELECT status, count(*) AS n FROM {table} GROUP BY status" for table in ("notifications", "deliveries")
}
