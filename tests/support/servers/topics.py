"""Topics that one test has to itself."""

from collections.abc import Mapping
from itertools import count
from uuid import uuid4

from aiokafka.admin import AIOKafkaAdminClient, NewTopic


class Topics:
    """Makes topics on a broker, with names that nobody else uses, and deletes them when the test is over.

    Attributes:
        brokers: Address of the broker.
        prefix: Beginning of the names of this test's topics and groups.
    """

    def __init__(self, brokers: str) -> None:
        self.brokers = brokers
        self.prefix = f"test-{uuid4().hex[:12]}."
        self._numbers = count(1)
        self._made: list[str] = []

    async def make(
        self, name: str | None = None, *, partitions: int = 1, settings: Mapping[str, str] | None = None
    ) -> str:
        """Make a topic and return its full name: the prefix and *name*, or a number."""
        full_name = f"{self.prefix}{name or next(self._numbers)}"
        admin = AIOKafkaAdminClient(bootstrap_servers=self.brokers)
        await admin.start()
        try:
            topic = NewTopic(full_name, partitions, 1, topic_configs=dict(settings or {}))
            answer = await admin.create_topics([topic])
            assert [error for _, error, *_ in answer.topic_errors if error] == [], answer
        finally:
            await admin.close()
        self._made.append(full_name)
        return full_name

    def forget_later(self, full_name: str) -> None:
        """Delete a topic that was made elsewhere too."""
        self._made.append(full_name)

    async def delete_all(self) -> None:
        """Delete what was made."""
        if not self._made:
            return
        admin = AIOKafkaAdminClient(bootstrap_servers=self.brokers)
        await admin.start()
        try:
            await admin.delete_topics(self._made)
        finally:
            await admin.close()
