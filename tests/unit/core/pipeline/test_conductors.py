"""What each conductor does with a batch, and what it leaves behind when it is cut off."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from alerting_core.codec.alert import decode_match
from alerting_core.domain.delivery import DeliveryStatus
from alerting_core.domain.match import Match
from alerting_core.domain.message import HttpMessage, HttpReply, Message, Reply
from alerting_core.domain.notification import NotificationStatus
from alerting_core.errors import PortUnavailable
from alerting_core.pipeline.evaluate import match_records
from alerting_core.pipeline.report import Count, Stage
from alerting_core.ports.records import alert_record
from alerting_core.ports.rules import RuleChanges
from alerting_core.ports.stream import ALERTS_MATCHED, ALERTS_NEW, NOTIFICATIONS_READY, Outgoing, Record

from .platform import NOW_MS, Platform, make_alert, run


def test_an_alert_becomes_one_delivered_webhook() -> None:
    async def scenario() -> None:
        platform = Platform()
        await platform.add_rule("acme")
        platform.send(make_alert())
        await platform.run_all()
        (notification,) = platform.db.notifications.values()
        assert notification.status is NotificationStatus.SENT
        (arrival,) = platform.transport.arrivals
        assert isinstance(arrival.message, HttpMessage)
        assert arrival.message.headers["webhook-id"] == notification.notification_id

    run(scenario())


def test_an_alert_that_no_rule_wants_is_counted_and_published_nowhere() -> None:
    async def scenario() -> None:
        platform = Platform()
        await platform.add_rule("acme", source="db")
        platform.send(make_alert())
        report = await platform.step(Stage.EVALUATOR)
        assert report.counts[Count.ALERTS_UNMATCHED] == 1
        assert report.published == 0
        assert platform.records(ALERTS_MATCHED) == []

    run(scenario())


def test_an_alert_published_after_an_edit_meets_the_edited_rule() -> None:
    async def scenario() -> None:
        platform = Platform()
        await platform.add_rule("acme", source="db")
        await platform.step(Stage.EVALUATOR)
        await platform.add_rule("late", source="api")
        platform.send(make_alert())
        await platform.step(Stage.EVALUATOR)
        (value,) = platform.records(ALERTS_MATCHED)
        match = decode_match(value)
        assert isinstance(match, Match)
        assert match.client_id == "late"

    run(scenario())


def test_a_poison_record_goes_to_the_dead_letter_topic_with_its_reason() -> None:
    async def scenario() -> None:
        platform = Platform()
        await platform.add_rule("acme")
        platform.log.append([Outgoing(ALERTS_NEW, b"k", b"\xff\xff", (("traceparent", b"t"),))])
        platform.send(make_alert())
        await platform.run_all()
        letters = [*platform.log.read("alerts.new.dlq", 0, offset=0, records_max=9)]
        letters += platform.log.read("alerts.new.dlq", 1, offset=0, records_max=9)
        (letter,) = letters
        headers = dict(letter.headers)
        assert letter.value == b"\xff\xff"
        assert headers["dlq-topic"] == b"alerts.new"
        assert b"not a protobuf message" in headers["dlq-reason"]
        assert headers["traceparent"] == b"t"
        assert len(platform.db.notifications) == 1

    run(scenario())


def test_the_fan_out_of_one_commit_is_bounded_and_nothing_is_left_out() -> None:
    async def scenario() -> None:
        platform = Platform()
        for number in range(5):
            await platform.add_rule(f"client-{number}")
        await platform.pipeline.rules.refresh()
        values = [alert_record(make_alert(f"a{number}")) for number in range(4)]
        records = [Record(ALERTS_NEW, 0, n, value.key, value.value) for n, value in enumerate(values)]
        work = match_records(platform.pipeline.rules.index, records, outputs_max=11)
        assert [record.offset for record in work.done] == [0, 1]
        assert len(work.outputs) == 10
        rest = match_records(platform.pipeline.rules.index, records[2:], outputs_max=3)
        assert [record.offset for record in rest.done] == [2], "a first alert is always taken whole"
        assert len(rest.outputs) == 5

    run(scenario())


def test_an_alert_cannot_carry_a_client_or_rules_of_its_own() -> None:
    async def scenario() -> None:
        platform = Platform()
        rule = await platform.add_rule("acme")
        forged = alert_record(make_alert())
        forged = replace(forged, value=forged.value + b"\x42\x06victim" + b"\x4a\x05wrong")
        platform.log.append([forged])
        await platform.step(Stage.EVALUATOR)
        (value,) = platform.records(ALERTS_MATCHED)
        match = decode_match(value)
        assert isinstance(match, Match)
        assert (match.client_id, match.rule_ids) == ("acme", (rule.rule_id,))

    run(scenario())


def test_a_crash_between_insert_and_publish_heals_when_the_record_comes_again() -> None:
    async def scenario() -> None:
        platform = Platform()
        await platform.add_rule("acme")
        platform.send(make_alert())
        await platform.step(Stage.EVALUATOR)
        (value,) = platform.records(ALERTS_MATCHED)
        match = decode_match(value)
        assert isinstance(match, Match)
        await platform.notifications.record([match], now_ms=NOW_MS)
        report = await platform.step(Stage.AGGREGATOR)
        assert report.counts[Count.NOTIFICATIONS_KNOWN] == 1
        assert report.published == 1
        await platform.run_all()
        assert len(platform.transport.arrivals) == 1

    run(scenario())


def test_a_second_copy_of_an_alert_makes_no_second_notification() -> None:
    async def scenario() -> None:
        platform = Platform()
        await platform.add_rule("acme")
        platform.send(make_alert(), make_alert())
        await platform.run_all()
        platform.send(make_alert())
        await platform.run_all()
        assert len(platform.db.notifications) == 1
        assert len(platform.transport.arrivals) == 1

    run(scenario())


def test_a_match_of_a_deleted_client_is_counted_and_stops_nothing() -> None:
    async def scenario() -> None:
        platform = Platform()
        await platform.add_rule("gone")
        await platform.add_rule("stays")
        platform.send(make_alert())
        await platform.step(Stage.EVALUATOR)
        del platform.db.clients["gone"]
        report = await platform.step(Stage.AGGREGATOR)
        assert report.counts[Count.CLIENTS_UNKNOWN] == 1
        assert [one.client_id for one in platform.db.notifications.values()] == ["stays"]

    run(scenario())


def test_a_notification_without_endpoint_is_skipped() -> None:
    async def scenario() -> None:
        platform = Platform()
        await platform.add_rule("acme")
        platform.db.endpoints.clear()
        platform.db.endpoints_of_rule.clear()
        platform.send(make_alert())
        await platform.run_all()
        (notification,) = platform.db.notifications.values()
        assert notification.status is NotificationStatus.SKIPPED

    run(scenario())


def test_the_sweeper_drives_again_what_nobody_was_told_of() -> None:
    async def scenario() -> None:
        platform = Platform()
        await platform.add_rule("acme")
        platform.send(make_alert())
        await platform.step(Stage.EVALUATOR)
        match = decode_match(platform.records(ALERTS_MATCHED)[0])
        assert isinstance(match, Match)
        await platform.notifications.record([match], now_ms=NOW_MS)
        assert (await platform.step(Stage.SWEEPER)).is_idle
        platform.clock.advance(60_001)
        report = await platform.step(Stage.SWEEPER)
        assert report.counts[Count.NOTIFICATIONS_DRIVEN_AGAIN] == 1
        assert len(platform.records(NOTIFICATIONS_READY)) == 1
        assert (await platform.step(Stage.SWEEPER)).is_idle, "it is driven again at most once per minute"

    run(scenario())


def test_an_evaluator_goes_on_with_its_rules_while_their_source_is_away() -> None:
    class Away:
        """A source that was there once."""

        def __init__(self, platform: Platform) -> None:
            self.platform = platform

        async def changes(self, since_version: int) -> RuleChanges | None:
            raise PortUnavailable("rules", operation="changes")

    async def scenario() -> None:
        platform = Platform()
        await platform.add_rule("acme")
        await platform.step(Stage.EVALUATOR)
        feed = platform.pipeline.rules
        feed._source.changes = Away(platform).changes  # type: ignore[method-assign]
        platform.clock.advance(5_000)
        platform.send(make_alert())
        report = await platform.step(Stage.EVALUATOR)
        assert report.published == 1
        assert report.counts[Count.RULE_SOURCE_AWAY] == 1
        assert feed.age_ms() == 5_000

    run(scenario())


class Hanging:
    """A target that answers when it is told to."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.sent = 0

    async def send(self, message: Message) -> Reply:
        self.sent += 1
        await self.open.wait()
        return HttpReply(200)


async def _claimed_and_hanging(platform: Platform, transport: Hanging) -> None:
    platform.transport = transport  # type: ignore[assignment]
    platform.pipeline = platform.new_pipeline()
    await platform.add_rule("acme")
    platform.send(make_alert())
    for stage in (Stage.EVALUATOR, Stage.AGGREGATOR, Stage.DISPATCHER, Stage.DELIVERER):
        await platform.step(stage)
    await asyncio.sleep(0)


def test_stopping_lets_the_attempts_under_way_end_and_records_them() -> None:
    async def scenario() -> None:
        platform, transport = Platform(), Hanging()
        await _claimed_and_hanging(platform, transport)
        assert transport.sent == 1
        draining = asyncio.create_task(platform.pipeline.deliverer.drain())
        await asyncio.sleep(0)
        transport.open.set()
        report = await draining
        assert report.counts[Count.DELIVERIES_DELIVERED] == 1
        (row,) = platform.db.deliveries.values()
        assert row.delivery.status is DeliveryStatus.DELIVERED

    run(scenario())


def test_outcomes_are_kept_until_the_store_has_taken_them() -> None:
    async def scenario() -> None:
        platform = Platform()
        await platform.add_rule("acme")
        platform.send(make_alert())
        for stage in (Stage.EVALUATOR, Stage.AGGREGATOR, Stage.DISPATCHER, Stage.DELIVERER):
            await platform.step(stage)
        stored = platform.deliveries.record_outcomes

        async def away(outcomes: Sequence[object], *, now_ms: int) -> Sequence[bool]:
            raise PortUnavailable("postgres", operation="record_outcomes")

        platform.deliveries.record_outcomes = away  # type: ignore[method-assign]
        for _ in range(3):
            with pytest.raises(PortUnavailable):
                for _ in range(3):
                    await platform.step(Stage.DELIVERER)
        platform.deliveries.record_outcomes = stored  # type: ignore[method-assign]
        await platform.step(Stage.DELIVERER)
        (row,) = platform.db.deliveries.values()
        assert row.delivery.status is DeliveryStatus.DELIVERED
        assert len(platform.transport.arrivals) == 1, "it was not sent again"

    run(scenario())


def test_a_bug_in_an_attempt_ends_the_deliverer_instead_of_hiding() -> None:
    class Buggy:
        async def send(self, message: Message) -> Reply:
            raise ZeroDivisionError

    async def scenario() -> None:
        platform = Platform()
        platform.transport = Buggy()  # type: ignore[assignment]
        platform.pipeline = platform.new_pipeline()
        await platform.add_rule("acme")
        platform.send(make_alert())
        for stage in (Stage.EVALUATOR, Stage.AGGREGATOR, Stage.DISPATCHER):
            await platform.step(stage)
        with pytest.raises(ZeroDivisionError):
            for _ in range(5):
                await platform.step(Stage.DELIVERER)

    run(scenario())


def test_a_dead_host_does_not_hold_up_the_others() -> None:
    class HalfDead(Hanging):
        async def send(self, message: Message) -> Reply:
            assert isinstance(message, HttpMessage)
            if "dead.local" in message.url:
                return await super().send(message)
            return HttpReply(200)

    async def scenario() -> None:
        platform, transport = Platform(), HalfDead()
        platform.transport = transport  # type: ignore[assignment]
        platform.pipeline = platform.new_pipeline()
        await platform.add_rule("dead")
        await platform.add_rule("alive")
        platform.send(*[make_alert(f"a{number}") for number in range(300)])
        for _ in range(3):
            for stage in (Stage.EVALUATOR, Stage.AGGREGATOR, Stage.DISPATCHER):
                await platform.step(stage)
        for _ in range(40):
            await platform.step(Stage.DELIVERER)
        done = [row.delivery.host for row in platform.db.deliveries.values() if row.delivery.status.is_final]
        assert len(done) == 300
        assert set(done) == {"alive.local:80"}
        assert transport.sent == 32, "no more than the bound is sent to one host at once"

    run(scenario())
