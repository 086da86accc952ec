"""Each promise of `NotificationHistory`."""

from dataclasses import replace

import pytest

from alerting_core.delivery.plan import plan_deliveries
from alerting_core.domain.alert import Severity
from alerting_core.domain.delivery import DeliveryEvent, DeliveryStatus, Reason
from alerting_core.domain.endpoint import Endpoint
from alerting_core.domain.notification import NotificationStatus
from alerting_core.errors import Conflict, InvalidInput, NotFound
from alerting_core.ports.catalog import PageRequest, TimeKey, encode_time_cursor
from alerting_core.ports.history import DeliveryDetail, NewNotification, NotificationFilter, NotificationHistory
from tests.contract.fixtures_catalog import Catalog
from tests.contract.story import Story
from tests.support.catalog import NOW_MS, make_rule, new_uuid, walk

ALL = PageRequest(200)
HOUR_MS = 3_600_000


@pytest.fixture
async def story(catalog: Catalog) -> Story:
    story = Story(catalog)
    await story.client("acme")
    await story.client("globex")
    return story


async def test_notifications_are_listed_newest_first_then_by_id(history: NotificationHistory, story: Story) -> None:
    stored = [await story.notify(now_ms=NOW_MS + n) for n in (1, 3, 2, 3, 1)]
    newest_first = sorted(stored, key=lambda n: (n.created_at_ms, n.notification_id), reverse=True)
    assert (await history.list(None, ALL, NotificationFilter())).items == newest_first
    assert await walk(lambda page: history.list("acme", page, NotificationFilter()), limit=2) == newest_first


async def test_a_filter_narrows_a_list(history: NotificationHistory, story: Story) -> None:
    low = await story.notify(severity=Severity.LOW, source="db", name="disk")
    unknown = await story.notify(severity=Severity.UNSPECIFIED, now_ms=NOW_MS + 10)
    other = await story.finished("globex", now_ms=NOW_MS + 20)

    async def found(where: NotificationFilter) -> set[str]:
        return {n.notification_id for n in (await history.list(None, ALL, where)).items}

    a, b, c = low.notification_id, unknown.notification_id, other.notification_id
    assert await found(NotificationFilter(client_id="acme")) == {a, b}
    assert await found(NotificationFilter(status=NotificationStatus.SKIPPED)) == {c}
    assert await found(NotificationFilter(severity="LOW")) == {a}
    assert await found(NotificationFilter(severity="UNSPECIFIED")) == {b}
    assert await found(NotificationFilter(source="db", name="disk")) == {a}
    assert await found(NotificationFilter(alert_id=other.alert_id)) == {c}
    assert await found(NotificationFilter(since_ms=NOW_MS + 10)) == {b, c}
    assert await found(NotificationFilter(until_ms=NOW_MS + 10)) == {a}
    assert await found(NotificationFilter(since_ms=NOW_MS + 10, until_ms=NOW_MS + 20)) == {b}
    assert await found(NotificationFilter(since_ms=-(10**30), until_ms=10**30)) == {a, b, c}
    assert await found(NotificationFilter(since_ms=10**30)) == set()
    assert await found(NotificationFilter(severity="*")) == set()
    assert await found(NotificationFilter(source="a\0")) == set()
    assert await found(NotificationFilter(name="\ud800")) == set()


async def test_another_clients_notification_does_not_exist_for_a_scope(
    history: NotificationHistory, story: Story
) -> None:
    other = await story.finished("globex")
    assert (await history.list("acme", ALL, NotificationFilter())).items == []
    assert (await history.list("acme", ALL, NotificationFilter(client_id="globex"))).items == []
    with pytest.raises(NotFound):
        await history.detail("acme", other.notification_id)
    with pytest.raises(NotFound):
        await history.resend("acme", other.notification_id, now_ms=NOW_MS)
    assert (await history.detail("globex", other.notification_id)).notification == other


@pytest.mark.parametrize("notification_id", ["nothing", "", "a\0", "\ud800", new_uuid()])
async def test_an_unknown_notification_is_not_found(history: NotificationHistory, notification_id: str) -> None:
    for scope in (None, "acme"):
        with pytest.raises(NotFound):
            await history.detail(scope, notification_id)
        with pytest.raises(NotFound):
            await history.resend(scope, notification_id, now_ms=NOW_MS)


async def test_pages_visit_each_notification_once_while_others_come(history: NotificationHistory, story: Story) -> None:
    stay = [await story.notify(now_ms=NOW_MS + n % 2) for n in range(5)]

    async def disturb() -> None:
        await story.notify(now_ms=NOW_MS + 100)

    seen = await walk(lambda page: history.list(None, page, NotificationFilter()), limit=2, after_page=disturb)
    assert sorted(n.notification_id for n in seen) == sorted(n.notification_id for n in stay)


async def test_a_cursor_of_another_list_is_invalid(history: NotificationHistory) -> None:
    for cursor in (encode_time_cursor("rules", TimeKey(NOW_MS, new_uuid())), "garbage"):
        with pytest.raises(InvalidInput) as caught:
            await history.list("acme", PageRequest(10, cursor), NotificationFilter())
        assert [problem.path for problem in caught.value.problems] == ["cursor"]


async def test_the_detail_tells_all_that_was_tried_first_to_last(history: NotificationHistory, story: Story) -> None:
    endpoints = [await story.endpoint(), await story.endpoint()]
    notification = await story.notify()
    await story.plan(notification)
    first = await story.attempt(DeliveryEvent.RETRY_LATER)
    second = await story.attempt(DeliveryEvent.ACCEPTED, now_ms=NOW_MS + 1)

    detail = await history.detail("acme", notification.notification_id)
    assert detail.notification == replace(notification, status=NotificationStatus.SENT, updated_at_ms=NOW_MS + 1)
    deliveries = [each.delivery for each in detail.deliveries]
    assert [d.delivery_id for d in deliveries] == sorted(d.delivery_id for d in deliveries)
    assert {d.target for d in deliveries} == {e.value for e in endpoints}
    assert all((d.status, d.attempts, d.next_attempt_at_ms) == (DeliveryStatus.DELIVERED, 2, None) for d in deliveries)
    tried = {attempt.delivery_id: [attempt] for attempt in first}
    for attempt in second:
        tried[attempt.delivery_id].append(attempt)
    assert {each.delivery.delivery_id: list(each.attempts) for each in detail.deliveries} == tried


async def test_a_resent_notification_is_received_again_and_its_deliveries_are_due(
    history: NotificationHistory, story: Story
) -> None:
    await story.endpoint()
    sent = await story.finished()
    assert sent.status is NotificationStatus.SENT

    resent = await history.resend("acme", sent.notification_id, now_ms=NOW_MS + 50)

    assert resent == replace(sent, status=NotificationStatus.RECEIVED, updated_at_ms=NOW_MS + 50)
    detail = await history.detail("acme", sent.notification_id)
    assert detail.notification == resent
    [one] = detail.deliveries
    assert one.delivery.status is DeliveryStatus.PENDING
    assert (one.delivery.attempts, one.delivery.reason, one.delivery.next_attempt_at_ms) == (0, None, NOW_MS + 50)
    assert len(one.attempts) == 1, "what was attempted stays recorded"


async def test_a_resent_notification_is_delivered_and_settled_again(history: NotificationHistory, story: Story) -> None:
    await story.endpoint()
    sent = await story.finished()
    await history.resend(None, sent.notification_id, now_ms=NOW_MS + 50)
    [attempt] = await story.attempt(DeliveryEvent.GIVEN_UP, now_ms=NOW_MS + 50)
    assert attempt.number == 1
    detail = await history.detail("acme", sent.notification_id)
    assert detail.notification.status is NotificationStatus.FAILED
    assert [a.reason for a in detail.deliveries[0].attempts] == [Reason.DELIVERED, Reason.HTTP_SERVER_ERROR]


async def test_targets_gained_since_are_planned_after_a_resend(history: NotificationHistory, story: Story) -> None:
    await story.endpoint()
    sent = await story.finished()
    gained = await story.endpoint()
    resent = await history.resend(None, sent.notification_id, now_ms=NOW_MS + 50)
    await story.plan(resent, now_ms=NOW_MS + 50)
    targets = {each.delivery.target for each in (await history.detail(None, sent.notification_id)).deliveries}
    assert gained.value in targets
    assert len(targets) == 2


async def test_a_notification_under_way_cannot_be_resent(history: NotificationHistory, story: Story) -> None:
    await story.endpoint()
    notification = await story.notify()
    await story.plan(notification)
    before = await history.detail(None, notification.notification_id)
    with pytest.raises(Conflict):
        await history.resend(None, notification.notification_id, now_ms=NOW_MS + 1)
    assert await history.detail(None, notification.notification_id) == before


async def test_a_skipped_notification_can_be_resent(history: NotificationHistory, story: Story) -> None:
    skipped = await story.finished()
    assert skipped.status is NotificationStatus.SKIPPED
    resent = await history.resend("acme", skipped.notification_id, now_ms=NOW_MS + 1)
    assert resent.status is NotificationStatus.RECEIVED


async def make_test(story: Story, endpoint: Endpoint) -> NewNotification:
    made = replace(await story.notify(endpoint.client_id), notification_id=new_uuid(), alert_id="test-1", rule_ids=())
    return NewNotification(made, plan_deliveries(made, [endpoint], now_ms=NOW_MS).deliveries)


async def test_a_test_notification_is_sent_by_the_ordinary_path(history: NotificationHistory, story: Story) -> None:
    endpoint = await story.endpoint()
    test = await make_test(story, endpoint)
    await history.add_test("acme", endpoint, test)
    detail = await history.detail("acme", test.notification.notification_id)
    assert detail.notification == test.notification
    assert [each.delivery for each in detail.deliveries] == list(test.deliveries)
    await story.attempt(DeliveryEvent.ACCEPTED)
    detail = await history.detail("acme", test.notification.notification_id)
    assert detail.notification.status is NotificationStatus.SENT


async def test_an_endpoint_that_is_gone_or_anothers_cannot_be_tested(
    catalog: Catalog, history: NotificationHistory, story: Story
) -> None:
    endpoint = await story.endpoint()
    test = await make_test(story, endpoint)
    with pytest.raises(NotFound):
        await history.add_test("globex", endpoint, test)
    await catalog.endpoints.delete(None, endpoint.endpoint_id, expected_version=None)
    for scope in (None, "acme"):
        with pytest.raises(NotFound):
            await history.add_test(scope, endpoint, test)
    assert test.notification.notification_id not in {
        n.notification_id for n in (await history.list(None, ALL, NotificationFilter())).items
    }


async def test_deliveries_are_counted_by_status(history: NotificationHistory, story: Story) -> None:
    await story.endpoint("acme")
    await story.endpoint("globex")
    await story.finished("globex")
    await story.plan(await story.notify("acme"))
    assert dict((await history.totals("acme", now_ms=NOW_MS)).deliveries_by_status) == {"PENDING": 1}
    assert dict((await history.totals(None, now_ms=NOW_MS)).deliveries_by_status) == {"PENDING": 1, "DELIVERED": 1}


async def test_a_delivery_that_a_sender_is_at_tells_until_when(history: NotificationHistory, story: Story) -> None:
    await story.endpoint()
    notification = await story.notify()
    await story.plan(notification)

    async def look() -> DeliveryDetail:
        (one,) = (await history.detail("acme", notification.notification_id)).deliveries
        return one

    waiting = await look()
    assert (waiting.delivery.next_attempt_at_ms, waiting.leased_until_ms) == (NOW_MS, None)
    (claim,) = await story.catalog.deliveries.claim_due(
        owner="one", now_ms=NOW_MS, lease_ms=60_000, limit=1, per_host_max=1, hosts_excluded=()
    )
    leased = await look()
    assert (leased.delivery.next_attempt_at_ms, leased.leased_until_ms) == (None, NOW_MS + 60_000)
    assert leased.is_being_sent(now_ms=NOW_MS + 59_999)
    assert not leased.is_being_sent(now_ms=NOW_MS + 60_000)
    await story.catalog.deliveries.release([claim], now_ms=NOW_MS + 5)
    released = await look()
    assert (released.delivery.next_attempt_at_ms, released.leased_until_ms) == (NOW_MS + 5, None)
    await story.attempt(DeliveryEvent.ACCEPTED, now_ms=NOW_MS + 5)
    ended = await look()
    assert (ended.delivery.next_attempt_at_ms, ended.leased_until_ms) == (None, None)


async def test_totals_are_exact_for_one_client_and_for_all(
    catalog: Catalog, history: NotificationHistory, story: Story
) -> None:
    now_ms = NOW_MS + 100 * HOUR_MS
    await catalog.rules.create(make_rule("acme", enabled=False))
    await story.endpoint("acme")
    ages = [0, 1, HOUR_MS - 1, HOUR_MS, 24 * HOUR_MS - 1, 24 * HOUR_MS, 50 * HOUR_MS]
    for age_ms in ages:
        await story.notify("acme", now_ms=now_ms - age_ms)
    await story.finished("globex", now_ms=now_ms - 2 * HOUR_MS)
    await story.notify("globex", now_ms=now_ms + 1)

    mine = await history.totals("acme", now_ms=now_ms)
    assert (mine.clients, mine.rules_enabled, mine.rules_disabled) == (1, 1, 1)
    assert dict(mine.endpoints_by_type) == {"webhook": 1}
    assert dict(mine.notifications_by_status) == {"RECEIVED": 7}
    assert dict(mine.deliveries_by_status) == {}
    assert mine.last_hour == 3
    assert mine.counted_at_ms == now_ms
    assert list(mine.by_hour) == [1, *([0] * 21), 1, 3]

    everybody = await history.totals(None, now_ms=now_ms)
    assert (everybody.clients, everybody.rules_enabled, everybody.rules_disabled) == (2, 2, 1)
    assert dict(everybody.notifications_by_status) == {"RECEIVED": 8, "SKIPPED": 1}
    assert list(everybody.by_hour) == [1, *([0] * 20), 1, 1, 3]

    nobody = await history.totals("nobody", now_ms=now_ms)
    assert (nobody.clients, nobody.last_hour, list(nobody.by_hour)) == (0, 0, [0] * 24)
