"""Whether topics can be read and written, asked again and again."""

import asyncio
from collections.abc import Sequence
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient

from alerting_backend.adapters.kafka.address import KafkaAddress
from alerting_backend.adapters.kafka.border import RESOURCE, bounded_border, finish
from alerting_backend.adapters.kafka.diagnosis import connecting
from alerting_backend.adapters.kafka.topics import TOPICS, require_topics
from alerting_core.errors import PortUnavailable

CONNECT_SECONDS_MAX: Final = 8.0
ANSWER_SECONDS_MAX: Final = 5.0
"""Both together, and finding out why it failed, take less than a start waits for one look."""

CLOSE_SECONDS_MAX: Final = 2.0


class TopicsReady:
    """Asks on one connection, kept from look to look; `close` it at the end.

    Who asks while another one's question is under way waits for his turn: there are never two connections.
    """

    def __init__(self, address: KafkaAddress, topics: Sequence[str] = TOPICS) -> None:
        self._address = address
        self._topics = topics
        self._admin: AIOKafkaAdminClient | None = None
        self._asking = asyncio.Lock()
        self._closed = False

    async def check(self) -> None:
        """Return when all topics can be read and written.

        Raises:
            PortUnavailable: Kafka is away, or says which topic is missing or has a partition without a leader.
        """
        async with self._asking:
            admin = self._admin or await self._connect()
            try:
                async with bounded_border("ready", ANSWER_SECONDS_MAX):
                    there = await admin.describe_topics()
            except BaseException:
                await self._forget()  # Whatever state it is in: the next look begins with a new one.
                raise
        require_topics(self._address, self._topics, there)

    async def close(self) -> None:
        """Disconnect; a look under way fails."""
        self._closed = True
        await self._forget()

    async def _connect(self) -> AIOKafkaAdminClient:
        try:
            async with connecting(self._address, "ready", CONNECT_SECONDS_MAX):
                admin = self._admin = AIOKafkaAdminClient(**self._address.log_in())
                await admin.start()
            if self._closed:
                raise PortUnavailable(RESOURCE, operation="ready", detail="the check is closed")
        except BaseException:
            await self._forget()
            raise
        return admin

    async def _forget(self) -> None:
        admin, self._admin = self._admin, None
        if admin is not None:
            await finish(admin.close(), seconds_max=CLOSE_SECONDS_MAX)
