"""Each promise of `AlertLog`."""

import asyncio

from alerting_core.domain.severity import Severity
from alerting_core.ports.alerts import StoredAlert
from tests.contract.fixtures_pipeline import *  # noqa: F403 - fixtures
from tests.contract.fixtures_pipeline import World
from tests.support.catalog import NOW_MS
from tests.support.pipeline import make_alert


async def test_a_recorded_alert_is_read_back_with_the_time_it_was_first_recorded(world: World) -> None:
    alert = make_alert("Störung/東京 🙂", source="*", name="x" * 255, context={"größe": "", "": "\x01\x7f\\\"'"})
    await world.alerts.record([alert], now_ms=NOW_MS)
    assert await world.alerts.get(alert.alert_id) == StoredAlert(alert, NOW_MS)


async def test_an_alert_of_an_unknown_severity_keeps_it(world: World) -> None:
    alert = make_alert(severity=Severity.UNSPECIFIED, context={}, event_ts=0)
    await world.alerts.record([alert], now_ms=0)
    assert await world.alerts.get(alert.alert_id) == StoredAlert(alert, 0)


async def test_an_alert_id_that_is_stored_already_stays_as_it_was_first_stored(world: World) -> None:
    first = make_alert("a", name="first")
    await world.alerts.record([first], now_ms=NOW_MS)
    await world.alerts.record([make_alert("a", name="second"), make_alert("b")], now_ms=NOW_MS + 5)
    assert await world.alerts.get("a") == StoredAlert(first, NOW_MS)
    assert await world.alerts.get("b") is not None


async def test_of_one_alert_id_twice_in_one_call_the_first_is_stored(world: World) -> None:
    first = make_alert("a", name="first")
    await world.alerts.record([first, make_alert("a", name="second")], now_ms=NOW_MS)
    assert await world.alerts.get("a") == StoredAlert(first, NOW_MS)


async def test_an_unknown_alert_is_none(world: World) -> None:
    for alert_id in ("unknown", "", "\0", "\ud800", "x" * 10_000):
        assert await world.alerts.get(alert_id) is None


async def test_recording_nothing_does_nothing(world: World) -> None:
    await world.alerts.record([], now_ms=NOW_MS)
    assert list(await world.alerts.recent(limit=10)) == []


async def test_recent_alerts_come_newest_first_and_at_most_as_many_as_asked_for(world: World) -> None:
    for minute in (2, 0, 1):
        await world.alerts.record(
            [make_alert(f"{minute}-{letter}") for letter in "ba"], now_ms=NOW_MS + 60_000 * minute
        )
    recent = await world.alerts.recent(limit=5)
    assert [stored.alert.alert_id for stored in recent] == ["2-b", "2-a", "1-b", "1-a", "0-b"]
    assert [s.alert.alert_id for s in await world.alerts.recent(limit=1)] == ["2-b"]


async def test_many_may_record_the_same_alerts_at_once(world: World) -> None:
    alerts = [make_alert(f"alert {number}") for number in range(50)]
    await asyncio.gather(*(world.alerts.record(order, now_ms=NOW_MS) for order in (alerts, alerts[::-1]) * 5))
    assert len(await world.alerts.recent(limit=100)) == 50
