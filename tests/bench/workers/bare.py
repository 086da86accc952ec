"""What a worker's resource can do without the worker: a bare bulk insert, and a bare HTTP client."""

import asyncio
import time
from typing import Final

import aiohttp

from alerting_backend.adapters.postgres.connection import Address, Role, open_pool, owner_connection
from alerting_core import limits

ROWS: Final = 60_000
POSTS: Final = 8_000
BODY: Final = b'{"notification_id": "' + b"x" * 600 + b'"}'
HEADERS: Final = {"content-type": "application/json", "webhook-id": "ntf", "webhook-signature": "v1," + "x" * 44}

# The columns and the indexes of the table itself, without its reference to clients.
_TABLE: Final = """
DROP TABLE IF EXISTS bare_notifications;
CREATE TABLE bare_notifications (LIKE notifications INCLUDING ALL);
GRANT INSERT ON bare_notifications TO alerting_worker;
"""

_INSERT: Final = """
INSERT INTO bare_notifications
SELECT b.client_id, b.notification_id, b.alert_id, 3, 'api', 'timeout', '{"environment": "prod"}',
    ARRAY[b.notification_id::text], 1767225600, 'RECEIVED', $4, $4
FROM unnest($1::text[], $2::uuid[], $3::text[]) AS b (client_id, notification_id, alert_id)
"""


async def bulk_insert(database: Address, *, rows: int = ROWS) -> float:
    """Return rows a second, in batches as large as the aggregator's, each committed."""
    async with owner_connection(database) as owner:
        await owner.execute(_TABLE)
    size = limits.POLL_RECORDS_MAX
    batches = [
        (
            [f"varied-{n % 100:04}" for n in range(begin, begin + size)],
            [f"{n * 2_654_435_761 % 2**32:08x}-0000-4000-8000-{n:012x}" for n in range(begin, begin + size)],
            [f"{n // 5 * 2_654_435_761 % 2**32:08x}-0000-4000-8000-{n // 5:012x}" for n in range(begin, begin + size)],
        )
        for begin in range(0, rows, size)
    ]
    async with (
        open_pool(database, Role.WORKER, size_max=1) as pool,
        pool.acquire() as connection,
    ):
        statement = await connection.prepare(_INSERT)
        began = time.perf_counter()
        for batch in batches:
            await statement.fetch(*batch, 1_767_225_600_000)
        return rows / (time.perf_counter() - began)


async def post(url: str, *, posts: int = POSTS) -> tuple[float, float]:
    """Return requests a second, as many at once as one host may have, and the processor time of each in seconds."""
    left = posts

    async def go_on(session: aiohttp.ClientSession) -> None:
        nonlocal left
        while left > 0:
            left -= 1
            async with session.post(url, data=BODY, headers=HEADERS) as response:
                assert await response.read() == b"ok"

    connector = aiohttp.TCPConnector(limit=limits.HOST_CONCURRENCY_MAX)
    async with aiohttp.ClientSession(connector=connector) as session:
        began, began_cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(go_on(session) for _ in range(limits.HOST_CONCURRENCY_MAX)))
        return posts / (time.perf_counter() - began), (time.process_time() - began_cpu) / posts
