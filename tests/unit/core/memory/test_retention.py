"""What a database in memory forgets, and what it never does."""

from dataclasses import replace

from alerting_core.codec.records import RuleAction
from alerting_core.delivery.ends import plan_end
from alerting_core.delivery.plan import plan_deliveries
from alerting_core.domain.alert import Alert, Match, Severity
from alerting_core.domain.claim import Plan
from alerting_core.domain.client import Client
from alerting_core.domain.episode import Episode, firing_record
from alerting_core.domain.episode_report import expire
from alerting_core.domain.notification import Notification
from alerting_core.domain.rule import Rule
from alerting_core.memory.clients import add_endpoint, add_rule, append_change, remove_client, remove_rule
from alerting_core.memory.database import MemoryDatabase
from alerting_core.memory.deliveries import MemoryDeliveryStore
from alerting_core.memory.history import forget_old
from alerting_core.memory.notifications import MemoryNotificationStore
from alerting_core.memory.rule_distribution import MemoryRuleSource
from tests.support.catalog import make_endpoint, make_rule
from tests.support.episodes import make_episode
from tests.support.pipeline import LEASE_MS, accepted


async def _store(database: MemoryDatabase, count: int) -> list[str]:
    """Store notifications; those with an odd number are finished at once, since they have nothing to deliver."""
    database.clients["c"] = Client("c", "C", 0, 0)
    alerts = [Alert(f"a{number}", Severity.LOW, "api", "timeout", 1) for number in range(count)]
    matches = [Match(alert, "c", ("r",)) for alert in alerts]
    stored = await MemoryNotificationStore(database).record(matches, now_ms=0)
    await MemoryDeliveryStore(database).plan([Plan(one.ref, ()) for one in stored[1::2]], now_ms=0)
    return [one.ref.notification_id for one in stored]


async def test_the_oldest_finished_notifications_are_forgotten() -> None:
    database = MemoryDatabase()
    ids = await _store(database, 20)
    assert forget_old(database, notifications_max=15) == 5
    assert list(database.notifications) == [id_ for id_ in ids if id_ not in ids[1:10:2]]


async def test_what_is_under_way_is_never_forgotten() -> None:
    database = MemoryDatabase()
    ids = await _store(database, 20)
    assert forget_old(database, notifications_max=0) == 10
    assert list(database.notifications) == ids[::2]


async def test_an_evaluator_that_is_behind_what_was_forgotten_takes_all_rules_anew() -> None:
    database, rule = MemoryDatabase(), Rule("r", "c", "*", "api", "*", True, 1, 0, 0)
    for _ in range(10):
        append_change(database, rule, RuleAction.UPDATED)
    forget_old(database, changes_max=3)
    source = MemoryRuleSource(database)
    assert await source.changes(6) is None
    changes = await source.changes(7)
    assert changes is not None
    assert changes.version == 10
    append_change(database, rule, RuleAction.UPDATED)
    assert database.outbox[-1].version == 11


def test_episodes_that_are_over_and_published_are_forgotten_beyond_a_number() -> None:
    database = MemoryDatabase()
    for number in range(8):
        episode = make_episode(f"f{number}", published_phase=1)
        if number % 2:
            closed = expire(episode, now_ms=episode.ends_at_ms)
            assert closed is not None
            episode = replace(closed, published_phase=1 if number == 1 else 2)
        database.episodes[episode.key] = episode
    forget_old(database, episodes_max=6)
    assert [fingerprint for _, fingerprint in database.episodes] == ["f0", "f1", "f2", "f4", "f6", "f7"]
    forget_old(database, episodes_max=0)
    assert [fingerprint for _, fingerprint in database.episodes] == ["f0", "f1", "f2", "f4", "f6"]


async def _tell(database: MemoryDatabase) -> tuple[Notification, Episode]:
    """Store that a client was told through its one endpoint that an alert fires, and that the episode is open."""
    episode = make_episode()
    rule = make_rule("c")
    endpoint = make_endpoint(rule)
    database.clients["c"] = Client("c", "C", 0, 0)
    add_rule(database, rule)
    add_endpoint(database, endpoint)
    database.episodes[episode.key] = episode
    notifications, deliveries = MemoryNotificationStore(database), MemoryDeliveryStore(database)
    match = Match(firing_record(episode), "c", (rule.rule_id,))
    (recorded,) = await notifications.record([match], now_ms=0)
    (firing,) = await notifications.load([recorded.ref])
    await deliveries.plan([plan_deliveries(firing, [endpoint], now_ms=0)], now_ms=0)
    await _deliver(deliveries)
    return database.notifications[firing.notification_id], episode


async def _deliver(deliveries: MemoryDeliveryStore) -> None:
    claims = await deliveries.claim_due(
        owner="o", now_ms=0, lease_ms=LEASE_MS, limit=9, per_host_max=9, hosts_excluded=()
    )
    await deliveries.record_outcomes([accepted(claim) for claim in claims], now_ms=0)


async def test_what_told_of_a_firing_is_kept_until_its_end_is_told_and_so_are_endpoints_of_its_deleted_rule() -> None:
    database = MemoryDatabase()
    firing, episode = await _tell(database)
    notifications, deliveries = MemoryNotificationStore(database), MemoryDeliveryStore(database)
    remove_rule(database, database.rules[firing.rule_ids[0]])
    assert (forget_old(database, notifications_max=0), len(database.retired_endpoints)) == (0, 1)
    closed = expire(episode, now_ms=episode.ends_at_ms)
    assert closed is not None
    database.episodes[episode.key] = replace(closed, published_phase=2)
    assert (forget_old(database, notifications_max=0), len(database.retired_endpoints)) == (0, 1)
    (recorded,) = (await notifications.record_ends({firing.alert_key: 1}, now_ms=0, limit=9)).recorded
    del database.episodes[episode.key]
    assert (forget_old(database, notifications_max=0), len(database.retired_endpoints)) == (0, 1)
    (resolved,) = await notifications.load([recorded.ref])
    told = (await deliveries.planned([firing.ref]))[firing.notification_id]
    await deliveries.plan([plan_end(resolved, told, now_ms=0)], now_ms=0)
    await _deliver(deliveries)
    assert (forget_old(database, notifications_max=0), len(database.retired_endpoints)) == (2, 0)


async def test_what_told_of_a_firing_is_forgotten_when_the_episode_is_not_kept_any_more() -> None:
    database = MemoryDatabase()
    _, episode = await _tell(database)
    del database.episodes[episode.key]
    assert forget_old(database, notifications_max=0) == 1


async def test_with_a_client_go_the_endpoints_that_were_kept_of_its_deleted_rules() -> None:
    database = MemoryDatabase()
    firing, _ = await _tell(database)
    remove_rule(database, database.rules[firing.rule_ids[0]])
    remove_client(database, "c")
    assert database.retired_endpoints == {}
