"""From an alert at the API to a webhook at a receiver, through one process of each kind."""

import signal
import time
from collections import Counter

import pytest

from alerting_core import limits
from alerting_core.generator.alerts import generate_alerts
from alerting_core.generator.config import GeneratorConfig
from tests.support.distributed import DistributedPlatform
from tests.support.loader import as_json
from tests.support.patience import END_SECONDS_MAX
from tests.support.receiver import Receiver
from tests.support.stored_apart import StoredApart
from tests.support.varied_world import VariedWorld
from tests.support.verdict import differences

pytestmark = [pytest.mark.integration, pytest.mark.slow]

ALERTS = 2_000


@pytest.mark.timeout(240)
def test_alerts_reach_exactly_the_clients_the_reference_names_and_every_worker_ends_in_time(
    platform: DistributedPlatform, stored: StoredApart, world: VariedWorld, receiver: Receiver
) -> None:
    alerts = list(generate_alerts(GeneratorConfig(burst=ALERTS, seed=4), started_at_ms=time.time_ns() // 1_000_000))
    platform.start()
    begun = time.monotonic()
    with platform.http() as http:
        for start in range(0, ALERTS, limits.ALERTS_PER_REQUEST_MAX):
            batch = alerts[start : start + limits.ALERTS_PER_REQUEST_MAX]
            response = http.post("/api/v1/alerts", json=[as_json(alert) for alert in batch])
            assert response.status_code == 202, response.text
    stored.wait_until_settled(is_running=platform.are_running)
    seconds = time.monotonic() - begun

    expected = world.expected_of(alerts)
    assert len(expected.rules_of) > 4 * ALERTS, "each alert meets about five clients"
    assert differences(stored, alerts, expected) == []
    assert receiver.counts() == Counter(expected.told), "each arrived exactly once"
    assert not receiver.refused, "each signed"
    ended = {}
    for part in platform.all_parts():
        order = time.monotonic()
        assert part.stop(signal.SIGTERM, seconds_max=END_SECONDS_MAX) == 0, part.output()[-4_000:]
        ended[part.name] = time.monotonic() - order
    print(
        f"\n{ALERTS:,} alerts → {len(expected.rules_of):,} notifications → {len(expected.told):,} webhooks in"
        f" {seconds:.1f} s\nready after {[f'{p.name} {p.seconds_to_ready:.1f} s' for p in platform.all_parts()]}"
        f"\nended after {[f'{name} {took:.1f} s' for name, took in ended.items()]}"
    )
