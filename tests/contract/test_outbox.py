"""Each promise of `Outbox`."""

from dataclasses import replace

from alerting_core.codec.records import RuleAction, RuleChanged
from alerting_core.domain.rule import Rule
from tests.contract.fixtures_rules import DatabaseOfRecord
from tests.support.catalog import NOW_MS, make_client, make_rule


async def add_rule(record: DatabaseOfRecord) -> Rule:
    """Store a rule of a client that is there."""
    return await record.catalog.rules.create(make_rule())


async def test_the_oldest_changes_come_in_commit_order_and_no_more_than_asked_for(
    database_of_record: DatabaseOfRecord,
) -> None:
    record = database_of_record
    await record.catalog.clients.create(make_client())
    rules = [await add_rule(record) for _ in range(3)]
    rows = await record.outbox.unpublished(limit=2)
    assert [row.message.rule_id for row in rows] == [rule.rule_id for rule in rules[:2]]
    assert rows[0].change_id < rows[1].change_id


async def test_a_change_is_told_with_all_that_the_message_holds(database_of_record: DatabaseOfRecord) -> None:
    record = database_of_record
    await record.catalog.clients.create(make_client())
    rule = await add_rule(record)
    edited = replace(rule, enabled=False, updated_at_ms=NOW_MS + 5_000)
    await record.catalog.rules.replace(None, edited, expected_version=None)
    created, disabled = [row.message for row in await record.outbox.unpublished(limit=9)]
    assert created == RuleChanged(rule.rule_id, "acme", RuleAction.CREATED, 1, NOW_MS // 1_000)
    assert disabled == RuleChanged(rule.rule_id, "acme", RuleAction.DISABLED, 2, NOW_MS // 1_000 + 5)


async def test_asking_again_returns_the_same_changes_until_they_are_marked(
    database_of_record: DatabaseOfRecord,
) -> None:
    record = database_of_record
    await record.catalog.clients.create(make_client())
    for _ in range(3):
        await add_rule(record)
    rows = await record.outbox.unpublished(limit=9)
    assert await record.outbox.unpublished(limit=9) == rows
    await record.outbox.mark_published([rows[1].change_id], now_ms=NOW_MS)
    assert await record.outbox.unpublished(limit=9) == [rows[0], rows[2]]


async def test_what_is_marked_or_gone_may_be_marked_again(database_of_record: DatabaseOfRecord) -> None:
    record = database_of_record
    await record.catalog.clients.create(make_client())
    await add_rule(record)
    (row,) = await record.outbox.unpublished(limit=9)
    for change_ids in ([row.change_id], [row.change_id, 1_000_000], []):
        await record.outbox.mark_published(change_ids, now_ms=NOW_MS)
        assert await record.outbox.unpublished(limit=9) == []
