"""Each promise of `AlertLog`."""

import asyncio

import pytest

from alerting_core.domain.alert import Severity
from alerting_core.errors import InvalidInput
from alerting_core.ports.catalog import PageRequest, TimeKey, encode_time_cursor
from alerting_core.ports.history import AlertFilter, StoredAlert
from tests.contract.fixtures_pipeline import World
from tests.support.catalog import NOW_MS, walk
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


async def test_pages_visit_each_alert_once_newest_first_while_others_come(world: World) -> None:
    ids = ["b", "Ä", "a", "z/1", "\x01\\\"'", "x" * 255, "\N{SNOWMAN}" * 255]
    for place, alert_id in enumerate(ids):
        await world.alerts.record([make_alert(alert_id)], now_ms=NOW_MS + place // 3)
    whole = [stored.alert.alert_id for stored in await world.alerts.recent(limit=100)]

    async def disturb() -> None:
        await world.alerts.record([make_alert()], now_ms=NOW_MS + 100)

    seen = await walk(lambda page: world.alerts.list(page, AlertFilter()), limit=2, after_page=disturb)
    assert [stored.alert.alert_id for stored in seen] == whole
    assert sorted(whole) == sorted(ids)


async def test_a_filter_narrows_the_list(world: World) -> None:
    low = make_alert("low", severity=Severity.LOW, source="db", name="disk")
    unknown = make_alert("unknown", severity=Severity.UNSPECIFIED, source="api", name="timeout")
    high = make_alert("high", severity=Severity.HIGH, source="api", name="disk")
    for place, alert in enumerate((low, unknown, high)):
        await world.alerts.record([alert], now_ms=NOW_MS + 10 * place)

    async def found(where: AlertFilter) -> list[str]:
        return [stored.alert.alert_id for stored in (await world.alerts.list(PageRequest(10), where)).items]

    assert await found(AlertFilter()) == ["high", "unknown", "low"]
    assert await found(AlertFilter(severity="LOW")) == ["low"]
    assert await found(AlertFilter(severity="UNSPECIFIED")) == ["unknown"]
    assert await found(AlertFilter(source="api")) == ["high", "unknown"]
    assert await found(AlertFilter(name="disk")) == ["high", "low"]
    assert await found(AlertFilter(source="api", name="disk")) == ["high"]
    assert await found(AlertFilter(since_ms=NOW_MS + 10)) == ["high", "unknown"]
    assert await found(AlertFilter(until_ms=NOW_MS + 20)) == ["unknown", "low"]
    assert await found(AlertFilter(since_ms=-(10**30), until_ms=10**30)) == ["high", "unknown", "low"]
    for nothing in (AlertFilter(severity="*"), AlertFilter(source="a\0"), AlertFilter(name="\ud800")):
        assert await found(nothing) == []


async def test_a_cursor_of_another_list_is_invalid(world: World) -> None:
    for cursor in (encode_time_cursor("rules", TimeKey(NOW_MS, "a")), "garbage"):
        with pytest.raises(InvalidInput) as caught:
            await world.alerts.list(PageRequest(10, cursor), AlertFilter())
        assert [problem.path for problem in caught.value.problems] == ["cursor"]
