"""How much waits is asked for while others poll, on the same consumer."""

import asyncio

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupAuthorizationFailedError

from alerting_backend.adapters.kafka.member import Member
from alerting_core.errors import PortUnavailable
from alerting_core.stages.batch import offsets_after
from tests.integration.kafka.conftest import PARTITIONS, Pair

pytestmark = pytest.mark.integration


async def members_of(pair: Pair, group: str) -> int:
    """Return how many consumers the broker counts in a group."""
    admin = AIOKafkaAdminClient(bootstrap_servers=pair.address.brokers)
    await admin.start()
    try:
        (answer,) = await admin.describe_consumer_groups([pair.address.name(group)])
        (described,) = answer.to_object()["groups"]
        return len(described["members"])
    finally:
        await admin.close()


async def test_polling_and_asking_for_the_lag_at_once_make_one_member(pair: Pair) -> None:
    await pair.publish(400)
    stream = pair.stream()
    lag, records, other_lag = await asyncio.gather(
        stream.lag(), stream.poll(records_max=1_000, wait_ms=0), stream.lag()
    )
    assert sum(lag.values()) == sum(other_lag.values()) == len(records) == 400
    assert await members_of(pair, "g") == 1
    assert len(stream.partitions) == PARTITIONS
    await stream.commit((), offsets_after(records))
    assert sum((await stream.lag()).values()) == 0
    await stream.close()
    assert await members_of(pair, "g") == 0


async def test_asking_for_the_lag_does_not_join_the_group(pair: Pair) -> None:
    stream = pair.stream()
    assert sum((await stream.lag()).values()) == 0
    assert stream.partitions == []
    assert await members_of(pair, "g") == 0


async def test_a_lag_that_cannot_be_had_leaves_the_work_of_others_alone(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pair.publish(400)
    stream = pair.stream()
    records = await stream.poll(records_max=1_000, wait_ms=0)

    async def refused(_member: Member) -> dict[int, int]:
        raise GroupAuthorizationFailedError(pair.address.name("g"))

    with monkeypatch.context() as changed:
        changed.setattr(Member, "committed", refused)
        with pytest.raises(PortUnavailable, match="lag"):
            await stream.lag()
    assert len(stream.partitions) == PARTITIONS
    await stream.commit((), offsets_after(records))
    assert sum((await stream.lag()).values()) == 0
