"""Ten thousand alerts through the whole platform, against the oracle."""

import time
from collections import Counter

import pytest

from alerting_core import limits
from alerting_core.generator.alerts import generate_alerts
from alerting_core.generator.config import GeneratorConfig
from tests.support.loader import as_json
from tests.support.platform_process import PlatformProcess
from tests.support.receiver import Receiver
from tests.support.stored import Stored
from tests.support.thorough import amount
from tests.support.varied_world import VariedWorld
from tests.support.verdict import differences

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

ALERTS = amount(4_000, thorough=10_000)
SETTLE_SECONDS_MAX = 240.0


@pytest.mark.timeout(360)
def test_thousands_of_alerts_reach_exactly_the_clients_the_reference_names(
    process: PlatformProcess, stored: Stored, receiver: Receiver
) -> None:
    alerts = list(generate_alerts(GeneratorConfig(burst=ALERTS, seed=4), started_at_ms=time.time_ns() // 1_000_000))
    process.start()
    world = VariedWorld.at(receiver)
    world.load_into(stored.address())
    expected = world.expected_of(alerts)
    assert len(expected.rules_of) > 4 * ALERTS, "each alert meets about five clients"

    begun = time.monotonic()
    with process.http() as http:
        for start in range(0, ALERTS, limits.ALERTS_PER_REQUEST_MAX):
            batch = alerts[start : start + limits.ALERTS_PER_REQUEST_MAX]
            response = http.post("/api/v1/alerts", json=[as_json(alert) for alert in batch])
            assert response.status_code == 202, response.text
    accepted = time.monotonic()
    stored.wait_until_settled(seconds_max=SETTLE_SECONDS_MAX, is_running=lambda: process.is_running)
    seconds = time.monotonic() - begun

    assert differences(stored, alerts, expected) == []
    assert receiver.counts() == Counter(expected.told), "each arrived exactly once"
    assert not receiver.refused, "each signed"
    with process.http() as http:
        totals = http.get("/api/v1/metrics").json()["totals"]
    assert totals["notifications_by_status"] == {"SENT": len(expected.rules_of)}
    print(
        f"\n{ALERTS:,} alerts → {len(expected.rules_of):,} notifications → {len(expected.told):,} webhooks"
        f" in {seconds:.1f} s: {ALERTS / seconds:,.0f} alerts/s, {len(expected.told) / seconds:,.0f} webhooks/s"
        f" (accepted within {accepted - begun:.1f} s)"
    )
