"""What `NotificationHistory` promises of a list that is narrowed to one rule."""

from dataclasses import replace
from typing import Any

import pytest

from alerting_core.domain.notification import Notification, NotificationStatus
from alerting_core.ports.catalog import PageRequest, Scope
from alerting_core.ports.history import NotificationFilter, NotificationHistory
from tests.contract.fixtures_catalog import LOOKS_MAX, Catalog
from tests.contract.story import Story
from tests.support.catalog import NOW_MS, new_uuid, walk

ALL = PageRequest(200)


@pytest.fixture
async def story(catalog: Catalog) -> Story:
    story = Story(catalog)
    await story.client("acme")
    await story.client("globex")
    return story


@pytest.mark.parametrize("scope", [None, "acme"])
async def test_the_notifications_of_a_rule_are_found_page_by_page_newest_first(
    history: NotificationHistory, story: Story, scope: Scope
) -> None:
    rule_id, other = story.rules["acme"].rule_id, new_uuid()
    bits = (1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1, 1, 1, 1, 0, 0, 1)
    own = [
        await story.notify(now_ms=NOW_MS + number // 2, rule_ids=(other, rule_id) if is_own else (other,))
        for number, is_own in enumerate(bits)
    ]
    await story.notify("globex", now_ms=NOW_MS + 100)
    newest_first = sorted(
        (n for n in own if rule_id in n.rule_ids), key=lambda n: (n.created_at_ms, n.notification_id), reverse=True
    )
    for limit in (1, 2, 3, 4, 200):
        walked = await walk(lambda page: history.list(scope, page, NotificationFilter(rule_id=rule_id)), limit=limit)
        assert walked == newest_first, limit


async def test_a_page_of_a_rule_that_led_to_nothing_lately_ends_and_tells_where_the_list_goes_on(
    history: NotificationHistory, story: Story
) -> None:
    where = NotificationFilter(rule_id=story.rules["acme"].rule_id)
    own = await story.notify(now_ms=NOW_MS)
    for number in range(2 * LOOKS_MAX):
        await story.notify(now_ms=NOW_MS + 1 + number, rule_ids=(new_uuid(),))
    first = await history.list("acme", ALL, where)
    assert first.items == []
    assert first.next_cursor is not None
    second = await history.list("acme", PageRequest(200, first.next_cursor), where)
    assert second.items == []
    third = await history.list("acme", PageRequest(200, second.next_cursor), where)
    assert (third.items, third.next_cursor) == ([own], None)
    # Times come first: nothing outside of them is looked at.
    assert (await history.list("acme", ALL, replace(where, until_ms=NOW_MS + 1))).items == [own]


async def test_the_filter_by_rule_goes_with_the_others(history: NotificationHistory, story: Story) -> None:
    rule_id, deleted = story.rules["acme"].rule_id, new_uuid()
    skipped = await story.finished(now_ms=NOW_MS)
    received = await story.notify(now_ms=NOW_MS + 1)
    of_deleted = await story.notify(now_ms=NOW_MS + 2, rule_ids=(deleted,))

    async def found(scope: Scope = None, **where: Any) -> list[Notification]:
        return list((await history.list(scope, ALL, NotificationFilter(**where))).items)

    assert await found(rule_id=rule_id) == [received, skipped]
    assert await found(rule_id=rule_id, status=NotificationStatus.SKIPPED) == [skipped]
    assert await found(rule_id=rule_id, client_id="acme", since_ms=NOW_MS + 1) == [received]
    assert await found(rule_id=rule_id, alert_id=skipped.alert_id) == [skipped]
    assert await found(rule_id=rule_id, severity="LOW") == await found(rule_id=rule_id, severity="*") == []
    assert await found(rule_id=deleted) == await found("acme", rule_id=deleted) == [of_deleted]
    assert await found("globex", rule_id=rule_id) == await found(rule_id=rule_id, client_id="globex") == []
    for nothing in (new_uuid(), "nothing", "", "a\0", "\ud800"):
        assert await found(rule_id=nothing) == [], nothing


async def test_a_rule_id_is_looked_for_as_it_is_spelled(history: NotificationHistory, story: Story) -> None:
    spelled = "0a1b2c3d-0000-4000-8000-000000000000"
    own = await story.notify(now_ms=NOW_MS, rule_ids=(spelled,))
    assert (await history.list("acme", ALL, NotificationFilter(rule_id=spelled))).items == [own]
    assert (await history.list("acme", ALL, NotificationFilter(rule_id=spelled.upper()))).items == []
