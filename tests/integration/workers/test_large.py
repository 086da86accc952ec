"""Twenty thousand alerts meet 28,800 rules: from Kafka through one process of each kind to a receiver."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial

import pytest

from alerting_backend.adapters.kafka.sink import KafkaSink
from alerting_core.domain.alert import Alert
from alerting_core.generator.alerts import generate_alerts
from alerting_core.generator.config import GeneratorConfig
from alerting_core.generator.testdata import Size
from alerting_core.ports.stream import alert_record
from alerting_core.stages.batch import WorkerKind
from tests.support.distributed import DistributedPlatform
from tests.support.receiver import Receiver
from tests.support.stored_apart import StoredApart
from tests.support.thorough import amount
from tests.support.varied_world import VariedWorld
from tests.support.verdict import differences

pytestmark = [pytest.mark.integration, pytest.mark.slow]

ALERTS = amount(6_000, thorough=20_000)
SIZE = Size(clients=100, rules_per_client=288, endpoints_per_rule=1)
STEP_WEBHOOKS = 1_000


def publish(platform: DistributedPlatform, alerts: Sequence[Alert]) -> None:
    """Put *alerts* on Kafka as a producer does."""

    async def work() -> None:
        sink = KafkaSink(platform.kafka)
        await sink.publish([alert_record(alert) for alert in alerts])
        await sink.close()

    asyncio.run(work())


def wait_for_all(platform: DistributedPlatform, receiver: Receiver, webhooks: int) -> None:
    """Wait for so many different webhooks, however long it takes, as long as it goes on."""

    def has_come(number: int) -> bool:
        return receiver.arrived_once >= number and platform.are_running()

    while receiver.arrived_once < webhooks:
        enough = min(webhooks, receiver.arrived_once + STEP_WEBHOOKS)
        receiver.wait_for(partial(has_come, enough), what=f"webhook {enough:,}")


@pytest.mark.timeout(900)
def test_thousands_of_alerts_against_28800_rules_tell_each_client_what_the_reference_names_once(
    platform: DistributedPlatform, stored: StoredApart, receiver: Receiver
) -> None:
    world = VariedWorld.at(receiver, size=SIZE)
    world.load_into(platform.database)
    alerts = list(generate_alerts(GeneratorConfig(burst=ALERTS, seed=4), started_at_ms=time.time_ns() // 1_000_000))
    expected = world.expected_of(alerts)
    assert sum(len(each.rules) for each in world.clients) == 28_800
    assert len(expected.rules_of) > 4.5 * ALERTS, "each alert meets about five clients"
    platform.start(*WorkerKind)

    publish(platform, alerts)
    begun = time.monotonic()
    wait_for_all(platform, receiver, len(expected.told))
    seconds = time.monotonic() - begun
    stored.wait_until_settled(is_running=platform.are_running)

    assert differences(stored, alerts, expected) == []
    assert receiver.counts() == Counter(expected.told), "each arrived once and once only"
    assert not receiver.refused, "each signed"
    print(
        f"\n{ALERTS:,} alerts → {len(expected.rules_of):,} notifications → {len(expected.told):,} webhooks in"
        f" {seconds:.1f} s: {len(expected.told) / seconds:,.0f} webhooks/s"
    )
