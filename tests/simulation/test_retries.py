"""Retries over a day of virtual time, by the real stages."""

from itertools import pairwise

import pytest

from alerting_core.delivery.retry import DEFAULT_STEPS_MS
from alerting_core.domain.claim import HttpReply
from alerting_core.domain.delivery import DeliveryStatus, Reason
from alerting_core.domain.endpoint import DisableReason
from alerting_core.domain.notification import NotificationStatus
from tests.simulation.scenario import HOUR_MS, Scenario

SLACK_MS = 1_000
"""What calls and a claim take beside the wait."""


@pytest.mark.parametrize("seed", range(3))
def test_an_endpoint_that_fails_for_twenty_hours_is_told_once_when_it_is_back(seed: int) -> None:
    urls = [f"https://host-{number}.sim/client-1/hook" for number in range(8)]
    scenario = Scenario(seed, urls)
    back_at_ms = 20 * HOUR_MS
    for url in urls:
        scenario.answer(url, HttpReply(500), then=HttpReply(200), until_ms=back_at_ms)
    scenario.alert("alert-1")
    scenario.world.run_until(60_000)
    scenario.end()
    assert {n.status for n in scenario.world.database.notifications.values()} == {NotificationStatus.SENT}
    for attempts in scenario.attempts().values():
        assert [attempt.reason for attempt in attempts].count(Reason.DELIVERED) == 1
        assert attempts[-1].reason is Reason.DELIVERED
        assert [attempt.number for attempt in attempts] == list(range(1, len(attempts) + 1))
        assert {attempt.status_code for attempt in attempts[:-1]} == {500}
        for (earlier, later), step_ms in zip(pairwise(attempts), DEFAULT_STEPS_MS, strict=False):
            waited_ms = later.started_at_ms - earlier.started_at_ms - earlier.latency_ms
            assert 0.8 * step_ms <= waited_ms <= 1.2 * step_ms + SLACK_MS
    sends = scenario.world.next_number() - 1
    assert sends == sum(len(attempts) for attempts in scenario.attempts().values())


def test_an_endpoint_that_never_recovers_is_dead_after_the_whole_schedule() -> None:
    url = "https://host.sim/client-1/hook"
    scenario = Scenario(7, [url])
    scenario.answer(url, HttpReply(503))
    scenario.alert("alert-1")
    scenario.world.run_until(60_000)
    scenario.end()
    assert len(scenario.attempts()[url]) == len(DEFAULT_STEPS_MS) + 1
    assert [row.delivery.status for row in scenario.world.database.deliveries.values()] == [DeliveryStatus.DEAD]
    assert {n.status for n in scenario.world.database.notifications.values()} == {NotificationStatus.FAILED}


@pytest.mark.parametrize(
    ("retry_after", "least_ms", "most_ms"), [("8", 8_000, 8_000), ("1", 1_000, 1_000), ("86400", 7_200_000, 7_200_000)]
)
def test_a_429_is_tried_again_when_the_endpoint_asked_for_it(retry_after: str, least_ms: int, most_ms: int) -> None:
    url = "https://host.sim/client-1/hook"
    scenario = Scenario(8, [url])
    scenario.answer(url, HttpReply(429, retry_after=retry_after), HttpReply(200))
    scenario.alert("alert-1")
    scenario.world.run_until(60_000)
    scenario.end()
    first, second = scenario.attempts()[url]
    assert (first.reason, second.reason) == (Reason.RATE_LIMITED, Reason.DELIVERED)
    assert least_ms <= second.started_at_ms - first.started_at_ms - first.latency_ms <= most_ms + SLACK_MS


def test_a_410_disables_the_endpoint_and_the_next_notification_skips_it() -> None:
    gone, well = "https://gone.sim/client-1/hook", "https://well.sim/client-1/hook"
    scenario = Scenario(9, [gone, well])
    scenario.answer(gone, HttpReply(410))
    scenario.alert("alert-1")
    scenario.world.run_until(60_000)
    scenario.alert("alert-2")
    scenario.world.run_until(120_000)
    scenario.end()
    endpoint = scenario.world.database.endpoints["endpoint-0"]
    assert (endpoint.enabled, endpoint.disabled_reason) == (False, DisableReason.GONE)
    assert [attempt.reason for attempt in scenario.attempts()[gone]] == [Reason.GONE]
    assert len(scenario.attempts()[well]) == 2
    to_gone = [r.delivery for r in scenario.world.database.deliveries.values() if r.delivery.target == gone]
    assert [(d.status, d.reason) for d in to_gone] == [
        (DeliveryStatus.DEAD, Reason.GONE),
        (DeliveryStatus.SKIPPED, Reason.ENDPOINT_DISABLED),
    ]
    assert [n.status for n in scenario.world.database.notifications.values()] == [
        NotificationStatus.PARTIAL,
        NotificationStatus.SENT,
    ]
