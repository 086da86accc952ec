"""Each promise of `AlertLog` and of `AlertHistory`."""

import asyncio

import pytest

from alerting_core.domain.alert import AlertLife, AlertStatus, Severity
from alerting_core.errors import InvalidInput
from alerting_core.ports.catalog import OwnedKey, PageRequest, TimeKey, encode_owned_cursor, encode_time_cursor
from alerting_core.ports.history import AlertAccess, AlertFilter, StoredAlert
from tests.contract.fixtures_pipeline import World
from tests.support.catalog import NOW_MS, walk
from tests.support.pipeline import make_alert, make_match

OPERATOR = AlertAccess(None)
ACME, GLOBEX = AlertAccess("acme"), AlertAccess("globex")


async def test_a_recorded_alert_is_read_back_with_the_time_it_was_first_recorded(world: World) -> None:
    alert = make_alert("Störung/東京 🙂", source="*", name="x" * 255, context={"größe": "", "": "\x01\x7f\\\"'"})
    await world.alerts.record([alert], now_ms=NOW_MS)
    assert await world.alert_history.get(OPERATOR, alert.alert_id) == StoredAlert(alert, NOW_MS)


@pytest.mark.parametrize("life", [None, AlertLife("f", 1)])
async def test_annotations_are_read_back_beside_the_labels_as_they_were_sent(
    world: World, life: AlertLife | None
) -> None:
    annotations = {"summary": "Zeile 1\nZeile 2 🙂", "": "\x01\x7f\\\"'", "region": "of the annotation"}
    said, silent = make_alert(annotations=annotations, life=life), make_alert(life=life)
    await world.alerts.record([said, silent], now_ms=NOW_MS)
    for alert in (said, silent):
        assert await world.alert_history.get(OPERATOR, alert.alert_id) == StoredAlert(alert, NOW_MS)
    recent = await world.alert_history.recent(OPERATOR, limit=9)
    assert {one.alert.alert_id: one.alert.annotations for one in recent} == {
        said.alert_id: annotations,
        silent.alert_id: {},
    }


async def test_an_alert_of_an_unknown_severity_keeps_it(world: World) -> None:
    alert = make_alert(severity=Severity.UNSPECIFIED, context={}, event_ts=0)
    await world.alerts.record([alert], now_ms=0)
    assert await world.alert_history.get(OPERATOR, alert.alert_id) == StoredAlert(alert, 0)


async def test_an_alert_id_that_is_stored_already_stays_as_it_was_first_stored(world: World) -> None:
    first = make_alert("a", name="first")
    await world.alerts.record([first], now_ms=NOW_MS)
    await world.alerts.record([make_alert("a", name="second"), make_alert("b")], now_ms=NOW_MS + 5)
    assert await world.alert_history.get(OPERATOR, "a") == StoredAlert(first, NOW_MS)
    assert await world.alert_history.get(OPERATOR, "b") is not None


async def test_of_one_alert_id_twice_in_one_call_the_first_is_stored(world: World) -> None:
    first = make_alert("a", name="first")
    await world.alerts.record([first, make_alert("a", name="second")], now_ms=NOW_MS)
    assert await world.alert_history.get(OPERATOR, "a") == StoredAlert(first, NOW_MS)


async def test_an_unknown_alert_is_none(world: World) -> None:
    for alert_id in ("unknown", "", "\0", "\ud800", "x" * 10_000):
        assert await world.alert_history.get(OPERATOR, alert_id) is None


async def test_recording_nothing_does_nothing(world: World) -> None:
    await world.alerts.record([], now_ms=NOW_MS)
    assert list(await world.alert_history.recent(OPERATOR, limit=10)) == []


async def test_recent_alerts_come_newest_first_and_at_most_as_many_as_asked_for(world: World) -> None:
    for minute in (2, 0, 1):
        await world.alerts.record(
            [make_alert(f"{minute}-{letter}") for letter in "ba"], now_ms=NOW_MS + 60_000 * minute
        )
    recent = await world.alert_history.recent(OPERATOR, limit=5)
    assert [stored.alert.alert_id for stored in recent] == ["2-b", "2-a", "1-b", "1-a", "0-b"]
    assert [s.alert.alert_id for s in await world.alert_history.recent(OPERATOR, limit=1)] == ["2-b"]


async def test_many_may_record_the_same_alerts_at_once(world: World) -> None:
    alerts = [make_alert(f"alert {number}") for number in range(50)]
    await asyncio.gather(*(world.alerts.record(order, now_ms=NOW_MS) for order in (alerts, alerts[::-1]) * 5))
    assert len(await world.alert_history.recent(OPERATOR, limit=100)) == 50


async def test_pages_visit_each_alert_once_newest_first_while_others_come(world: World) -> None:
    ids = ["b", "Ä", "a", "z/1", "\x01\\\"'", "x" * 255, "\N{SNOWMAN}" * 255]
    for place, alert_id in enumerate(ids):
        await world.alerts.record([make_alert(alert_id)], now_ms=NOW_MS + place // 3)
    whole = [stored.alert.alert_id for stored in await world.alert_history.recent(OPERATOR, limit=100)]

    async def disturb() -> None:
        await world.alerts.record([make_alert()], now_ms=NOW_MS + 100)

    seen = await walk(lambda page: world.alert_history.list(OPERATOR, page, AlertFilter()), limit=2, after_page=disturb)
    assert [stored.alert.alert_id for stored in seen] == whole
    assert sorted(whole) == sorted(ids)


async def test_a_filter_narrows_the_list(world: World) -> None:
    low = make_alert("low", severity=Severity.LOW, source="db", name="disk")
    unknown = make_alert("unknown", severity=Severity.UNSPECIFIED, source="api", name="timeout")
    high = make_alert("high", severity=Severity.HIGH, source="api", name="disk")
    for place, alert in enumerate((low, unknown, high)):
        await world.alerts.record([alert], now_ms=NOW_MS + 10 * place)

    async def found(where: AlertFilter) -> list[str]:
        page = await world.alert_history.list(OPERATOR, PageRequest(10), where)
        return [stored.alert.alert_id for stored in page.items]

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
    of_rules = encode_owned_cursor("rules", OwnedKey(NOW_MS, "a", ""))
    for cursor in (of_rules, encode_time_cursor("alerts", TimeKey(NOW_MS, "a")), "garbage"):
        with pytest.raises(InvalidInput) as caught:
            await world.alert_history.list(OPERATOR, PageRequest(10, cursor), AlertFilter())
        assert [problem.path for problem in caught.value.problems] == ["cursor"]


async def three_of_one_id(world: World) -> None:
    """Store a shared alert and one of each of two clients, all three with the same id."""
    for client_id in ("acme", "globex"):
        await world.add_client(client_id)
    for place, owner in enumerate(("acme", "", "globex")):
        await world.alerts.record([make_alert("x", name=owner or "shared", owner=owner)], now_ms=NOW_MS + place)


async def names(world: World, access: AlertAccess, where: AlertFilter | None = None) -> list[str]:
    page = await world.alert_history.list(access, PageRequest(50), where or AlertFilter())
    return [stored.alert.name for stored in page.items]


async def test_owners_have_name_spaces_of_their_own_for_ids(world: World) -> None:
    await three_of_one_id(world)
    again = [make_alert("x", name="again", owner=owner) for owner in ("globex", "")]
    await world.alerts.record(again, now_ms=NOW_MS + 9)
    assert await names(world, OPERATOR) == ["globex", "shared", "acme"]


async def test_a_client_sees_what_is_shared_and_its_own_and_nothing_of_another(world: World) -> None:
    await three_of_one_id(world)
    await world.alerts.record([make_alert("only", owner="globex")], now_ms=NOW_MS)
    assert await names(world, ACME) == ["shared", "acme"]
    assert [s.alert.owner for s in await world.alert_history.recent(ACME, limit=9)] == ["", "acme"]
    for owner in (None, "globex", ""):
        assert await world.alert_history.get(ACME, "only", owner=owner) is None
    assert await world.alert_history.get(ACME, "x", owner="globex") is None
    assert await names(world, ACME, AlertFilter(owner="globex")) == []
    assert await names(world, AlertAccess("nobody")) == ["shared"]


@pytest.mark.parametrize(
    ("access", "owner", "name"),
    [
        (OPERATOR, None, "shared"),
        (OPERATOR, "", "shared"),
        (OPERATOR, "globex", "globex"),
        (ACME, None, "acme"),
        (ACME, "", "shared"),
        (ACME, "acme", "acme"),
        (AlertAccess("acme", notified_only=True), None, "acme"),
    ],
)
async def test_of_several_alerts_of_one_id_the_one_that_is_meant_is_returned(
    world: World, access: AlertAccess, owner: str | None, name: str
) -> None:
    await three_of_one_id(world)
    stored = await world.alert_history.get(access, "x", owner=owner)
    assert stored is not None
    assert stored.alert.name == name


async def test_an_operator_finds_a_private_alert_by_its_id_alone_the_latest_of_several(world: World) -> None:
    await three_of_one_id(world)
    for place, owner in enumerate(("globex", "acme")):
        await world.alerts.record([make_alert("private", owner=owner)], now_ms=NOW_MS + place)
    stored = await world.alert_history.get(OPERATOR, "private")
    assert stored is not None
    assert stored.alert.owner == "acme"
    for owner in ("", "nobody", "\0"):
        assert await world.alert_history.get(OPERATOR, "private", owner=owner) is None


async def test_a_filter_by_owner_narrows_the_list(world: World) -> None:
    await three_of_one_id(world)
    assert await names(world, OPERATOR, AlertFilter(owner="")) == ["shared"]
    assert await names(world, OPERATOR, AlertFilter(owner="acme")) == ["acme"]
    for owner in ("nobody", "\0", "\ud800"):
        assert await names(world, OPERATOR, AlertFilter(owner=owner)) == []


async def test_with_notified_only_a_client_sees_no_more_shared_alerts_than_notified_it(world: World) -> None:
    await three_of_one_id(world)
    told, other = make_alert("told", name="told"), make_alert("other", name="other")
    await world.alerts.record([told, other, make_alert("told", name="foreign", owner="globex")], now_ms=NOW_MS + 9)
    # Neither another client's notification, nor its own of a private alert, shows it the shared alert of the same id.
    own = make_alert("other", owner="acme")
    matches = [make_match("acme", alert=told), make_match("globex", alert=other), make_match("acme", alert=own)]
    await world.notifications.record(matches, now_ms=NOW_MS)
    access = AlertAccess("acme", notified_only=True)
    assert await names(world, access) == ["told", "acme"]
    assert [s.alert.name for s in await world.alert_history.recent(access, limit=9)] == ["told", "acme"]
    assert await world.alert_history.get(access, "other") is None
    assert await world.alert_history.get(access, "told") == StoredAlert(told, NOW_MS + 9)


async def test_pages_visit_alerts_of_one_id_and_time_once_each(world: World) -> None:
    owners = ["acme", "globex", "a", "Z", ""]
    for owner in owners[:-1]:
        await world.add_client(owner)
    await world.alerts.record([make_alert("x", owner=owner) for owner in owners], now_ms=NOW_MS)
    seen = await walk(lambda page: world.alert_history.list(OPERATOR, page, AlertFilter()), limit=1)
    assert sorted(stored.alert.owner for stored in seen) == sorted(owners)


async def test_private_alerts_go_with_their_client_and_none_comes_after_it(world: World) -> None:
    await three_of_one_id(world)
    await world.catalog.clients.delete("acme", now_ms=NOW_MS)
    assert await names(world, OPERATOR) == ["globex", "shared"]
    await world.alerts.record([make_alert("late", owner="acme"), make_alert("other", name="other")], now_ms=NOW_MS + 5)
    await world.add_client("acme")
    assert await names(world, ACME) == ["other", "shared"]
    assert await world.alert_history.get(OPERATOR, "late") is None


@pytest.mark.parametrize("access", [OPERATOR, ACME], ids=["operator", "client"])
async def test_a_list_may_be_narrowed_to_alerts_that_fire_or_are_resolved(world: World, access: AlertAccess) -> None:
    await world.add_client("acme")
    fires, over = AlertLife("f", 1), AlertLife("f", 2, AlertStatus.RESOLVED, NOW_MS // 1_000)
    alerts = [
        make_alert("event"),
        make_alert("fires", life=fires),
        make_alert("over", life=over),
        make_alert("own", life=fires, owner="acme"),
    ]
    await world.alerts.record(alerts, now_ms=NOW_MS)

    async def listed(status: AlertStatus | None, owner: str | None = None, source: str | None = None) -> list[str]:
        where = AlertFilter(status=status, owner=owner, source=source)
        page = await world.alert_history.list(access, PageRequest(10), where)
        return sorted(stored.alert.alert_id for stored in page.items)

    assert await listed(AlertStatus.FIRING) == ["fires", "own"]
    assert await listed(AlertStatus.FIRING, owner="") == ["fires"]
    assert await listed(AlertStatus.RESOLVED) == ["over"]
    assert await listed(AlertStatus.RESOLVED, source="another") == []
    assert len(await listed(None)) == 4
