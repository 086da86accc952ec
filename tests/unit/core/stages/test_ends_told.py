"""Who was told that an alert fires is told of its end, and nobody else, whatever happens in between."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import pytest

from alerting_core.app.episodes import EpisodeIntake
from alerting_core.codec.records import encode_alert, may_be_resolved
from alerting_core.domain.alert import Alert, AlertLife, AlertStatus, Match
from alerting_core.domain.claim import HttpMessage, HttpReply
from alerting_core.domain.delivery import Reason
from alerting_core.domain.episode import Episode, EpisodeKey, end_of, firing_record
from alerting_core.domain.notification import Notification, NotificationKind, NotificationStatus
from alerting_core.memory.episodes import MemoryEpisodeStore
from alerting_core.memory.log import MemoryLog
from alerting_core.memory.notifications import MemoryNotificationStore
from alerting_core.memory.rules import MemoryRuleStore
from alerting_core.memory.stream import MemorySink
from alerting_core.ports.delivery import Recorded
from alerting_core.ports.stream import ALERTS_NEW, Outgoing, Record, ready_record
from alerting_core.stages.batch import Count, StageName
from alerting_core.stages.ends import EndTelling
from tests.support.episodes import make_episode, make_report

from .platform import NOW_MS, Platform, make_alert

MINUTE_MS = 60_000


class Story:
    """A platform, and a sender of reports."""

    def __init__(self) -> None:
        self.platform = Platform()
        self.intake = EpisodeIntake(
            self.platform.episodes, MemorySink(self.platform.log), self.platform.clock, 60 * MINUTE_MS
        )

    async def fires(self, fingerprint: str = "f", *, owner: str = "") -> str:
        """Report that an alert fires, and return its alert_id."""
        (result,) = await self.intake.report([make_report(fingerprint, owner=owner)])
        assert result.episode_id is not None
        return result.episode_id

    async def is_over(self, fingerprint: str = "f", *, owner: str = "") -> None:
        """Report a minute later that it is resolved."""
        self.platform.clock.advance(MINUTE_MS)
        await self.intake.report([make_report(fingerprint, owner=owner, is_resolved=True)])

    def told(self) -> list[tuple[str, str, str]]:
        """Return (URL, status, alert_id) of all webhooks that arrived, in their order."""
        bodies = [(one.target, one.message) for one in self.platform.transport.arrivals]
        read = [(url, json.loads(message.body)) for url, message in bodies if isinstance(message, HttpMessage)]
        return [(url, body["status"], body["alert_id"]) for url, body in read]

    def stored(self, kind: NotificationKind) -> list[Notification]:
        """Return the notifications of one kind."""
        return [one for one in self.platform.db.notifications.values() if one.kind is kind]


async def test_who_was_told_of_the_firing_is_told_of_the_end() -> None:
    story = Story()
    for client_id in ("acme", "globex"):
        await story.platform.add_rule(client_id)
    alert_id = await story.fires()
    await story.platform.run_all()
    await story.is_over()
    await story.platform.run_all()
    urls = ["http://acme.local/0", "http://globex.local/1"]
    told = story.told()
    assert sorted(told[:2]) == [(url, "firing", alert_id) for url in urls]
    assert sorted(told[2:]) == [(url, "resolved", alert_id) for url in urls]
    assert {one.status for one in story.platform.db.notifications.values()} == {NotificationStatus.SENT}


async def test_the_next_firing_of_the_same_alert_is_told_anew_with_its_own_end() -> None:
    story = Story()
    await story.platform.add_rule("acme")
    for _ in range(2):
        await story.fires()
        await story.platform.run_all()
        await story.is_over()
        await story.platform.run_all()
    assert [status for _, status, _ in story.told()] == ["firing", "resolved"] * 2
    assert len({alert_id for *_, alert_id in story.told()}) == 2


async def test_edits_of_rules_in_between_change_nothing() -> None:
    story = Story()
    deleted, disabled, other = [await story.platform.add_rule(one) for one in ("deleted", "disabled", "other")]
    await story.fires()
    await story.platform.run_all()
    await story.platform.add_rule("late")
    rules = MemoryRuleStore(story.platform.db)
    await rules.delete(None, deleted.rule_id, expected_version=None, now_ms=NOW_MS)
    await rules.replace(None, replace(disabled, enabled=False), expected_version=None)
    await rules.replace(None, replace(other, source="elsewhere"), expected_version=None)
    await story.is_over()
    await story.platform.run_all()
    ends = [url for url, status, _ in story.told() if status == "resolved"]
    assert sorted(ends) == ["http://deleted.local/0", "http://disabled.local/1", "http://other.local/2"]


async def test_the_end_of_a_private_alert_is_told_to_its_owner_alone() -> None:
    story = Story()
    for client_id in ("acme", "globex"):
        await story.platform.add_rule(client_id)
    private, shared = await story.fires(owner="acme"), await story.fires()
    await story.platform.run_all()
    await story.is_over(owner="acme")
    await story.platform.run_all()
    assert [(url, alert_id) for url, status, alert_id in story.told() if status == "resolved"] == [
        ("http://acme.local/0", private)
    ]
    assert private != shared


@pytest.mark.parametrize("resolver_first", [True, False])
async def test_a_firing_that_comes_after_its_end_is_told_in_one_message_that_says_both(resolver_first: bool) -> None:
    story = Story()
    await story.platform.add_rule("acme")
    alert_id = await story.fires()
    await story.is_over()
    if resolver_first:
        await story.platform.step(StageName.RESOLVER)
    await story.platform.run_all()
    assert story.told() == [("http://acme.local/0", "resolved", alert_id)]
    (both,) = story.platform.db.notifications.values()
    assert (both.kind, both.ends_at) == (NotificationKind.FIRING, NOW_MS // 1_000 + 60)


async def test_a_crash_before_the_second_look_heals_when_the_record_comes_again() -> None:
    story = Story()
    await story.platform.add_rule("acme")
    alert_id = await story.fires()
    await story.platform.step(StageName.EVALUATOR)
    # The end was published and read before anybody had been notified; then the aggregator stored, and died.
    await story.is_over()
    await story.platform.step(StageName.RESOLVER)
    (stored,) = story.platform.db.episodes.values()
    (rule,) = story.platform.db.rules
    match = Match(firing_record(stored), "acme", (rule,))
    await story.platform.notifications.record([match], now_ms=NOW_MS)
    await story.platform.run_all()
    assert [status for _, status, _ in story.told()] == ["firing", "resolved"]
    (end,) = story.stored(NotificationKind.RESOLVED)
    assert (end.alert_id, end.status) == (alert_id, NotificationStatus.SENT)


class LatelyEnded(MemoryNotificationStore):
    """The episode is closed, and the resolver passes, in the very moment in which the notification is stored."""

    story: Story

    async def record(self, matches: Sequence[Match], *, now_ms: int) -> Sequence[Recorded]:
        await self.story.is_over()
        await self.story.platform.step(StageName.RESOLVER)
        return await super().record(matches, now_ms=now_ms)


async def test_an_end_between_the_two_looks_is_told_by_the_aggregator() -> None:
    story = Story()
    await story.platform.add_rule("acme")
    await story.fires()
    await story.platform.step(StageName.EVALUATOR)
    store = LatelyEnded(story.platform.db)
    store.story, story.platform.notifications = story, store
    story.platform.pipeline = story.platform.new_pipeline()
    report = await story.platform.step(StageName.AGGREGATOR)
    assert report.counts[Count.NOTIFICATIONS_CREATED] == 2
    assert report.published == 2
    (end,) = story.stored(NotificationKind.RESOLVED)
    assert end.ends_at == NOW_MS // 1_000 + 60


async def test_a_crash_between_storing_an_end_and_publishing_it_heals_when_the_record_comes_again() -> None:
    story = Story()
    await story.platform.add_rule("acme")
    await story.fires()
    await story.platform.run_all()
    await story.is_over()
    (episode,) = story.platform.db.episodes.values()
    await story.platform.notifications.record_ends({("", episode.episode_id): 1}, now_ms=NOW_MS, limit=9)
    report = await story.platform.step(StageName.RESOLVER)
    assert (report.counts, report.published) == ({Count.NOTIFICATIONS_KNOWN: 1}, 1)
    await story.platform.run_all()
    assert [status for _, status, _ in story.told()] == ["firing", "resolved"]


async def test_an_end_that_is_planned_before_the_firing_has_that_planned_first() -> None:
    story = Story()
    await story.platform.add_rule("acme")
    await story.fires()
    for stage in (StageName.EVALUATOR, StageName.AGGREGATOR):
        await story.platform.step(stage)
    await story.is_over()
    await story.platform.step(StageName.RESOLVER)
    (firing,), (end,) = story.stored(NotificationKind.FIRING), story.stored(NotificationKind.RESOLVED)
    # Only what tells of the end gets through.
    story.platform.log = MemoryLog(clock=story.platform.clock, partitions=2)
    story.platform.log.append([ready_record(end.ref, end.alert_id)])
    story.platform.pipeline = story.platform.new_pipeline()
    report = await story.platform.step(StageName.DISPATCHER)
    assert report.counts[Count.DELIVERIES_PLANNED] == 2
    planned = await story.platform.deliveries.planned([firing.ref, end.ref])
    assert [one.follows for one in planned[end.notification_id]] == [
        one.delivery_id for one in planned[firing.notification_id]
    ]


async def test_the_end_waits_until_the_firing_has_arrived() -> None:
    story = Story()
    await story.platform.add_rule("acme")
    story.platform.transport.answer("http://acme.local/0", HttpReply(500))
    await story.fires()
    await story.platform.run_all()
    await story.is_over()
    await story.platform.run_all()
    assert {status for _, status, _ in story.told()} == {"firing"}
    story.platform.transport.answer("http://acme.local/0", HttpReply(200))
    story.platform.clock.advance(400_000)
    await story.platform.run_all()
    statuses = [status for _, status, _ in story.told()]
    assert statuses[-2:] == ["firing", "resolved"]
    assert statuses.count("resolved") == 1


async def test_where_the_firing_died_the_end_is_skipped_with_the_reason() -> None:
    story = Story()
    await story.platform.add_rule("acme")
    story.platform.transport.answer("http://acme.local/0", HttpReply(410))
    await story.fires()
    await story.platform.run_all()
    endpoint = next(iter(story.platform.db.endpoints.values()))
    story.platform.db.endpoints[endpoint.endpoint_id] = replace(endpoint, enabled=True)
    await story.is_over()
    await story.platform.run_all()
    (end,) = story.stored(NotificationKind.RESOLVED)
    assert end.status is NotificationStatus.SKIPPED
    (delivery,) = (await story.platform.deliveries.planned([end.ref]))[end.notification_id]
    assert delivery.reason is Reason.FIRING_NOT_TOLD


class ForLivesAlone(MemoryEpisodeStore):
    """Nobody may ask it for anything."""

    async def load(self, keys: Collection[EpisodeKey]) -> Mapping[EpisodeKey, Episode]:
        raise AssertionError(f"asked for {keys}")


async def test_events_cost_no_look_at_episodes_and_are_not_read_by_the_resolver() -> None:
    story = Story()
    story.platform.episodes = ForLivesAlone(story.platform.db)
    story.platform.pipeline = story.platform.new_pipeline()
    await story.platform.add_rule("acme")
    event = make_alert()
    assert not may_be_resolved(encode_alert(event))
    story.platform.send(event)
    await story.platform.run_all()
    assert len(story.platform.transport.arrivals) == 1


async def test_the_resolver_passes_over_what_is_no_end_and_what_nobody_can_read() -> None:
    story = Story()
    await story.fires()
    looks_like_one = make_alert("X\x01", name="X\x01")
    story.platform.send(looks_like_one)
    story.platform.log.append([Outgoing(ALERTS_NEW, b"k", b"X\x01\xff")])
    report = await story.platform.step(StageName.RESOLVER)
    assert (report.received, report.published, report.counts) == (3, 0, {})
    assert (await story.platform.step(StageName.RESOLVER)).is_idle


async def test_many_ends_are_told_a_bounded_number_at_a_time() -> None:
    story = Story()
    for client_id in ("acme", "globex", "initech"):
        await story.platform.add_rule(client_id)
    alert_ids = [await story.fires(f"f{number}") for number in range(4)]
    await story.platform.run_all()
    published: list[int] = []

    class Counting(MemorySink):
        async def publish(self, outputs: Sequence[Outgoing]) -> None:
            published.append(len(outputs))
            await super().publish(outputs)

    platform = story.platform
    telling = EndTelling(platform.notifications, Counting(platform.log), platform.clock, at_once_max=7)
    causes = {("", alert_id): Record(ALERTS_NEW, 0, 0, b"k", b"v") for alert_id in alert_ids}
    ends = {("", alert_id): NOW_MS // 1_000 for alert_id in alert_ids}
    counts, total = await telling.tell(ends, causes)
    assert published == [6, 6]
    assert (counts[Count.NOTIFICATIONS_CREATED], total) == (12, 12)


def test_an_episode_that_is_not_the_latest_or_not_kept_is_over() -> None:
    episode = make_episode(now_ms=NOW_MS)
    alert = firing_record(episode)
    assert end_of(alert, episode, now_ms=NOW_MS + 1) is None
    assert end_of(alert, None, now_ms=NOW_MS + 9_000) == NOW_MS // 1_000 + 9
    later = replace(episode, episode_id="another", starts_at_ms=NOW_MS + 5_000)
    assert end_of(alert, later, now_ms=NOW_MS + 9_000) == NOW_MS // 1_000 + 5
    before = replace(later, starts_at_ms=0)
    assert end_of(alert, before, now_ms=NOW_MS + 9_000) == alert.event_ts


def test_what_is_resolved_always_looks_as_if_it_could_be() -> None:
    for ends_at in (1, 2**40):
        life = AlertLife("X", 2**31 - 1, AlertStatus.RESOLVED, ends_at=ends_at)
        alert: Alert = replace(make_alert(), event_ts=0, life=life)
        assert may_be_resolved(encode_alert(alert))
