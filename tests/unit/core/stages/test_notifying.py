"""From matches to planned deliveries, and what is driven again."""

from alerting_core.codec.records import decode_match
from alerting_core.domain.alert import Match
from alerting_core.domain.claim import HttpMessage
from alerting_core.domain.notification import NotificationStatus
from alerting_core.ports.stream import ALERTS_MATCHED, NOTIFICATIONS_READY
from alerting_core.stages.batch import Count, StageName

from .platform import NOW_MS, Platform, make_alert


async def test_an_alert_becomes_one_delivered_webhook() -> None:
    platform = Platform()
    await platform.add_rule("acme")
    platform.send(make_alert())
    await platform.run_all()
    (notification,) = platform.db.notifications.values()
    assert notification.status is NotificationStatus.SENT
    (arrival,) = platform.transport.arrivals
    assert isinstance(arrival.message, HttpMessage)
    assert arrival.message.headers["webhook-id"] == notification.notification_id


async def test_a_crash_between_insert_and_publish_heals_when_the_record_comes_again() -> None:
    platform = Platform()
    await platform.add_rule("acme")
    platform.send(make_alert())
    await platform.step(StageName.EVALUATOR)
    (value,) = platform.records(ALERTS_MATCHED)
    match = decode_match(value)
    assert isinstance(match, Match)
    await platform.notifications.record([match], now_ms=NOW_MS)
    report = await platform.step(StageName.AGGREGATOR)
    assert report.counts[Count.NOTIFICATIONS_KNOWN] == 1
    assert report.published == 1
    await platform.run_all()
    assert len(platform.transport.arrivals) == 1


async def test_a_second_copy_of_an_alert_makes_no_second_notification() -> None:
    platform = Platform()
    await platform.add_rule("acme")
    platform.send(make_alert(), make_alert())
    await platform.run_all()
    platform.send(make_alert())
    await platform.run_all()
    assert len(platform.db.notifications) == 1
    assert len(platform.transport.arrivals) == 1


async def test_a_match_of_a_deleted_client_is_counted_and_stops_nothing() -> None:
    platform = Platform()
    await platform.add_rule("gone")
    await platform.add_rule("stays")
    platform.send(make_alert())
    await platform.step(StageName.EVALUATOR)
    del platform.db.clients["gone"]
    report = await platform.step(StageName.AGGREGATOR)
    assert report.counts[Count.CLIENTS_UNKNOWN] == 1
    assert [one.client_id for one in platform.db.notifications.values()] == ["stays"]


async def test_a_notification_without_endpoint_is_skipped() -> None:
    platform = Platform()
    await platform.add_rule("acme")
    platform.db.endpoints.clear()
    platform.db.endpoints_of_rule.clear()
    platform.send(make_alert())
    await platform.run_all()
    (notification,) = platform.db.notifications.values()
    assert notification.status is NotificationStatus.SKIPPED


async def test_the_sweeper_drives_again_what_nobody_was_told_of() -> None:
    platform = Platform()
    await platform.add_rule("acme")
    platform.send(make_alert())
    await platform.step(StageName.EVALUATOR)
    match = decode_match(platform.records(ALERTS_MATCHED)[0])
    assert isinstance(match, Match)
    await platform.notifications.record([match], now_ms=NOW_MS)
    assert (await platform.step(StageName.SWEEPER)).is_idle
    platform.clock.advance(60_001)
    report = await platform.step(StageName.SWEEPER)
    assert report.counts[Count.NOTIFICATIONS_DRIVEN_AGAIN] == 1
    assert len(platform.records(NOTIFICATIONS_READY)) == 1
    assert (await platform.step(StageName.SWEEPER)).is_idle, "it is driven again at most once per minute"
