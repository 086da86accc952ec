"""What `AlertLog` makes of the records of one episode, which have one alert_id."""

from itertools import permutations

import pytest

from alerting_core.domain.alert import Alert, AlertLife, AlertStatus
from alerting_core.ports.history import AlertAccess, StoredAlert
from tests.contract.fixtures_pipeline import World
from tests.support.catalog import NOW_MS
from tests.support.pipeline import make_alert

OPERATOR = AlertAccess(None)


class LogWorld:
    """The log of alerts and its read side, on one database."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def record(self, *alerts: Alert, now_ms: int = NOW_MS) -> None:
        await self.world.alerts.record(alerts, now_ms=now_ms)

    async def shown(self) -> list[StoredAlert]:
        return list(await self.world.alert_history.recent(OPERATOR, limit=10))


@pytest.fixture
def log_world(world: World) -> LogWorld:
    """Return the ports on an empty database."""
    return LogWorld(world)


def phase(number: int, *, ends_at: int | None = None, **changes: object) -> Alert:
    """Return the record of one phase of an episode; it is resolved when it has an end."""
    status = AlertStatus.FIRING if ends_at is None else AlertStatus.RESOLVED
    return make_alert("e", life=AlertLife("f", number, status, ends_at), **changes)


STARTS_AT = NOW_MS // 1_000
FIRING, RESOLVED, CORRECTED = phase(1), phase(2, ends_at=STARTS_AT + 60), phase(3, ends_at=STARTS_AT + 30)
ORDERS = list(permutations((FIRING, RESOLVED, CORRECTED)))


async def test_an_episode_is_one_alert_that_shows_its_latest_phase_and_when_it_was_first_recorded(
    log_world: LogWorld,
) -> None:
    await log_world.record(FIRING)
    assert await log_world.shown() == [StoredAlert(FIRING, NOW_MS)]
    await log_world.record(RESOLVED, now_ms=NOW_MS + 60_000)
    assert await log_world.shown() == [StoredAlert(RESOLVED, NOW_MS)]
    (shown,) = await log_world.shown()
    assert (shown.alert.status, shown.alert.ends_at) == (AlertStatus.RESOLVED, STARTS_AT + 60)


@pytest.mark.parametrize("order", ORDERS)
async def test_the_order_in_which_the_records_of_an_episode_come_makes_no_difference(
    log_world: LogWorld, order: tuple[Alert, ...]
) -> None:
    for record in (*order, *order):
        await log_world.record(record)
    assert await log_world.shown() == [StoredAlert(CORRECTED, NOW_MS)]


@pytest.mark.parametrize("order", ORDERS)
async def test_nor_does_it_when_they_come_in_one_call(log_world: LogWorld, order: tuple[Alert, ...]) -> None:
    await log_world.record(*order, FIRING)
    assert await log_world.shown() == [StoredAlert(CORRECTED, NOW_MS)]


async def test_a_record_of_the_same_phase_changes_nothing(log_world: LogWorld) -> None:
    await log_world.record(RESOLVED)
    await log_world.record(phase(2, ends_at=STARTS_AT + 99, name="another"), now_ms=NOW_MS + 1)
    assert await log_world.shown() == [StoredAlert(RESOLVED, NOW_MS)]


async def test_episodes_and_events_of_owners_are_alerts_of_their_own(log_world: LogWorld) -> None:
    await log_world.world.add_client("acme")
    event = make_alert("event")
    await log_world.record(FIRING, phase(1, owner="acme"), event)
    await log_world.record(
        phase(2, owner="acme", ends_at=STARTS_AT), event, phase(2, owner="nobody", ends_at=STARTS_AT)
    )
    found = {(stored.alert.owner, stored.alert.alert_id): stored.alert.status for stored in await log_world.shown()}
    assert found == {
        ("", "e"): AlertStatus.FIRING,
        ("acme", "e"): AlertStatus.RESOLVED,
        ("", "event"): AlertStatus.FIRING,
    }
