"""Every promise is kept in hundreds of worlds, each with other faults."""

from pathlib import Path
from typing import Final

import pytest

from alerting_core.domain.alert import AlertKey
from alerting_core.domain.delivery import DeliveryStatus, Reason
from alerting_core.domain.episode_report import ReportOutcome
from alerting_core.domain.notification import NotificationKind
from alerting_core.sim.faults import Faults
from alerting_core.sim.workers import Size
from alerting_core.sim.world import World
from tests.support.thorough import amount

SEEDS: Final = amount(300, thorough=2_000)
SEEDS_PER_TEST: Final = 10
"""So that the worlds are spread over processes, and a failure names few."""

NO_FAULTS: Final = {
    *("private alert", "private alert of an id that is in use"),
    *(f"report {outcome}" for outcome in ReportOutcome),
    *("episode timed out", "end told", "end told with the firing"),
}
"""What is counted of a world, beside its faults."""

KEPT: Final = [
    int(line) for line in Path(__file__).with_name("seeds.txt").read_text().splitlines() if line and line[0] != "#"
]


@pytest.mark.parametrize("first", range(0, SEEDS, SEEDS_PER_TEST))
def test_every_promise_is_kept_in_every_world(first: int) -> None:
    for seed in range(first, first + SEEDS_PER_TEST):
        report = World(seed).run()
        assert report.is_good, report.failure()


@pytest.mark.parametrize("seed", KEPT)
def test_a_world_that_was_broken_once_stays_whole(seed: int) -> None:
    report = World(seed).run()
    assert report.is_good, report.failure()


@pytest.mark.parametrize("seed", range(5))
def test_in_a_world_without_faults_every_target_is_told_exactly_once(seed: int) -> None:
    size = Size(clients=4, rules=4, endpoints=3, alerts=60, traffic_ms=10_000, lives=5)
    world = World(seed, Faults(), size=size, trace_lines_max=None)
    report = world.run()
    assert report.is_good, report.failure()
    assert report.counts.keys() <= NO_FAULTS
    sends = sum(" sends " in line for line in world.trace_lines())
    told = [row.delivery for row in world.database.deliveries.values() if row.delivery.reason is Reason.DELIVERED]
    assert {delivery.attempts for delivery in told} <= {1}
    assert sends == len(told) > 0


@pytest.mark.parametrize("seed", range(5))
def test_in_a_world_without_faults_every_target_is_told_of_the_end_of_what_it_was_told_of(seed: int) -> None:
    size = Size(clients=4, rules=4, endpoints=3, alerts=0, traffic_ms=40_000, lives=5)
    world = World(seed, Faults(), size=size)
    report = world.run()
    assert report.is_good, report.failure()
    told: dict[NotificationKind, set[tuple[AlertKey, str]]] = {kind: set() for kind in NotificationKind}
    for row in world.database.deliveries.values():
        notification = world.database.notifications[row.delivery.notification_id]
        assert row.delivery.reason is not Reason.FIRING_NOT_TOLD
        if row.delivery.status is DeliveryStatus.DELIVERED and notification.has_life:
            told[notification.kind].add((notification.alert_key, row.delivery.target))
    open_now = {(one.owner, one.episode_id) for one in world.database.episodes.values() if one.is_open}
    fired = {(key, target) for key, target in told[NotificationKind.FIRING] if key not in open_now}
    assert told[NotificationKind.RESOLVED] == fired != set()
