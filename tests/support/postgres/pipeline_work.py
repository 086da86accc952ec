"""What the pipeline and its readers do with Postgres, each thing once, in batches as large as theirs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from typing import Final

from alerting_backend.adapters.postgres.catalog.rule_distribution import (
    PgOutbox,
    PgRuleDatabase,
    PgRuleSource,
    RuleChange,
    append_changes,
    trim_changes,
)
from alerting_backend.adapters.postgres.connection import Pools, tenant_transaction, transaction
from alerting_backend.adapters.postgres.delivery.deliveries import PgDeliveryStore
from alerting_backend.adapters.postgres.delivery.ends import followed as followed_by
from alerting_backend.adapters.postgres.delivery.ends import retire_endpoints, retired, wake
from alerting_backend.adapters.postgres.delivery.episodes import PgEpisodeStore, of_owners, of_pipeline
from alerting_backend.adapters.postgres.delivery.notifications import PgNotificationStore
from alerting_backend.adapters.postgres.history.alerts import PgAlertHistory, PgAlertLog
from alerting_backend.adapters.postgres.history.notifications import PgNotificationHistory
from alerting_backend.adapters.postgres.history.retention import PgRetention
from alerting_backend.adapters.postgres.presence import PgAbandonedLeases
from alerting_backend.adapters.postgres.stream.dead_letters import PgDeadLetterStore
from alerting_backend.adapters.postgres.stream.stream import PgLog, PgSink, PgStream
from alerting_core.codec.records import RuleAction
from alerting_core.delivery.ends import plan_end
from alerting_core.domain.alert import AlertLife, AlertStatus, Match
from alerting_core.domain.claim import Claim
from alerting_core.domain.notification import Notification, NotificationStatus
from alerting_core.ports.catalog import PageRequest
from alerting_core.ports.history import AlertAccess, AlertFilter, NotificationFilter, Old
from alerting_core.ports.operations import RecordId
from tests.support.catalog import NOW_MS
from tests.support.episodes import make_episode
from tests.support.pipeline import (
    LEASE_MS,
    accepted,
    given_up,
    make_alert,
    make_delivery,
    make_output,
    make_plan,
    postponed,
    to_retry,
)

BATCH: Final = 256
LATER_MS: Final = NOW_MS + 1_000
DLQ: Final = "alerts.new.dlq"
LOOKS_MAX: Final = 1_000
OLD_MS: Final = NOW_MS - 3_599_000
"""A second of what is stored is older, a row a millisecond."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A rule that alerts meet, and whose it is."""

    client_id: str
    rule_id: str


async def do_all(pools: Pools, subjects: Sequence[Subject]) -> None:
    """Do everything once, with matches of the rules of *subjects* in turn."""
    await _streams(pools)
    await _alerts(pools, subjects)
    await _episodes(pools, subjects)
    matches = [Match(make_alert(), subject.client_id, (subject.rule_id,)) for subject in islice(cycle(subjects), BATCH)]
    notifications = await _notifications(pools, matches)
    await _deliveries(pools, notifications)
    await _ends(pools, subjects)
    await PgNotificationStore(pools.worker).take_unfinished(older_than_ms=LATER_MS, now_ms=LATER_MS, limit=BATCH)
    await _rules(pools, subjects)
    await _people(pools, notifications[0])
    await _retention(pools)


async def _streams(pools: Pools) -> None:
    log = PgLog(pools.worker)
    await PgSink(log).publish([make_output("alerts.new", f"key {number}".encode()) for number in range(BATCH)])
    stream = PgStream(log, topic="alerts.new", group="readers")
    records = await stream.poll(records_max=1_000, wait_ms=0)
    offsets = {record.partition: record.offset + 1 for record in records}
    await stream.commit([make_output("alerts.matched", record.key) for record in records], offsets)
    await stream.lag()
    await PgStream(log, topic="alerts.matched", group="new readers").poll(records_max=1_000, wait_ms=0)
    await PgSink(log).publish([make_output(DLQ, f"key {number}".encode()) for number in range(BATCH)])
    dead = PgDeadLetterStore(log)
    await dead.counts()
    first = await dead.list(PageRequest(50))
    await dead.list(PageRequest(50, first.next_cursor), topic=DLQ)
    letters = await dead.page(DLQ, after=RecordId(0, 5), limit=50)
    await dead.replay(letters)


async def _alerts(pools: Pools, subjects: Sequence[Subject]) -> None:
    log, shown = PgAlertLog(pools.worker), PgAlertHistory(pools)
    alerts = [make_alert() for _ in range(BATCH)]
    await log.record(alerts, now_ms=NOW_MS)
    owners = [subject.client_id for subject in islice(cycle(subjects), BATCH)]
    await log.record([make_alert(owner=owner) for owner in owners], now_ms=NOW_MS)
    for life in (AlertLife("f", 1), AlertLife("f", 2, AlertStatus.RESOLVED, NOW_MS // 1_000)):
        await log.record([replace(alert, life=life) for alert in alerts], now_ms=NOW_MS)
    for access in (AlertAccess(None), AlertAccess(owners[0]), AlertAccess(owners[0], notified_only=True)):
        for owner in (None, "", owners[0]):
            await shown.get(access, alerts[0].alert_id, owner=owner)
        await shown.list(access, PageRequest(50), AlertFilter(owner=owners[0]))
    for access in (AlertAccess(None), AlertAccess(owners[0]), AlertAccess(owners[0], notified_only=True)):
        await shown.recent(access, limit=200)
        first = await shown.list(access, PageRequest(50), AlertFilter())
        since = AlertFilter(source="api", since_ms=NOW_MS - 86_400_000)
        await shown.list(access, PageRequest(50, first.next_cursor), since)


async def _episodes(pools: Pools, subjects: Sequence[Subject]) -> None:
    everybody = [subject.client_id for subject in islice(cycle(subjects), BATCH)]
    at_work = PgEpisodeStore(of_pipeline(pools.worker)), PgEpisodeStore(of_owners(pools))
    for number, store in enumerate(at_work):
        for owners in (everybody, everybody[:1] * BATCH, [""] * BATCH):
            opened = [make_episode(f"new {number} {i} {len({*owners})}", owner=owner) for i, owner in enumerate(owners)]
            await store.put(opened)
            await store.load([one.key for one in opened])
            await store.put([replace(one, version=2) for one in opened])
            assert "conflict" in set(await store.put(opened)), "they are there"
            await store.put([make_episode("new", owner="nobody")])
            await store.mark_published(opened)
        known = [*await store.due(now_ms=LATER_MS, limit=BATCH)]
        known += await store.unpublished(older_than_ms=LATER_MS, limit=BATCH)
        await store.load([one.key for one in known])
        await store.put([replace(one, version=2) for one in {one.key: one for one in known}.values()])
        await store.mark_published(known)


async def _notifications(pools: Pools, matches: Sequence[Match]) -> Sequence[Notification]:
    store = PgNotificationStore(pools.worker)
    await store.record(matches, now_ms=NOW_MS)
    recorded = await store.record(matches, now_ms=NOW_MS)
    return await store.load([one.ref for one in recorded])


async def _deliveries(pools: Pools, notifications: Sequence[Notification]) -> None:
    store = PgDeliveryStore(pools.worker)
    endpoints = await store.endpoints_of(notifications)
    plans = [
        make_plan(each, *(make_delivery(each, endpoint) for endpoint in endpoints[each.notification_id]))
        for each in notifications
    ]
    await store.plan([make_plan(notifications[0]), *plans[1:]], now_ms=NOW_MS)
    await store.next_due_ms()
    claims = await _claim(store, "one/1")
    assert claims, "something is due"
    await store.release(claims, now_ms=NOW_MS)
    claims = await _claim(store, "one/2")
    quarter = len(claims) // 4
    retried, gone, held, done = (claims[part * quarter : (part + 1) * quarter] for part in range(4))
    outcomes = [
        *(to_retry(claim, at_ms=NOW_MS + 5_000) for claim in retried),
        *(given_up(claim, disable_endpoint=True) for claim in gone),
        *(postponed(claim, until_ms=NOW_MS + 5_000) for claim in held),
        *map(accepted, done[len(done) // 2 :]),  # The sender ends before it records the others.
    ]
    await store.record_outcomes(outcomes, now_ms=NOW_MS)
    await store.settle([claim.notification.ref for claim in claims], now_ms=NOW_MS)
    await _abandoned(pools)
    await _claim(store, "two/1")
    await _claim(store, "three/1", now_ms=NOW_MS + LEASE_MS)


async def _ends(pools: Pools, subjects: Sequence[Subject]) -> None:
    """Tell many clients that some alerts fire, and that all of them and those that are there are over."""
    store, deliveries = PgNotificationStore(pools.worker), PgDeliveryStore(pools.worker)
    alerts = [make_alert(f"firing {number}", life=AlertLife("f", 1)) for number in range(100, 100 + BATCH // 10)]
    matches = [
        Match(alert, subject.client_id, (subject.rule_id,))
        for alert, subject in zip(cycle(alerts), islice(cycle(subjects), BATCH), strict=False)
    ]
    firing = await _notifications(pools, matches)
    endpoints = await deliveries.endpoints_of(firing)
    await deliveries.plan(
        [make_plan(each, *(make_delivery(each, one) for one in endpoints[each.notification_id])) for each in firing],
        now_ms=NOW_MS,
    )
    ends = {alert.key: NOW_MS // 1_000 for alert in [*(make_alert(f"firing {number}") for number in range(4)), *alerts]}
    await store.record_ends(ends, now_ms=NOW_MS, limit=2 * BATCH)
    refs = [one.ref for one in (await store.record_ends(ends, now_ms=NOW_MS, limit=2 * BATCH)).recorded]
    resolved = await store.load(refs)
    followed = [ref for one in resolved if (ref := one.firing_ref) is not None]
    planned = await deliveries.planned(followed)
    plans = [plan_end(one, planned.get(one.firing_notification_id or "", ()), now_ms=NOW_MS) for one in resolved]
    await deliveries.plan(plans, now_ms=NOW_MS)
    await deliveries.plan([make_plan(each) for each in await store.load(followed)], now_ms=NOW_MS)
    told = [one for plan in plans for one in plan.deliveries]
    await _claim(deliveries, "four/1")
    for pool, subject in ((pools.admin, subjects[0]), (pools.api, subjects[1])):
        async with tenant_transaction(pool, "retire", client_id=subject.client_id) as connection:
            await retire_endpoints(connection, subject.client_id, subject.rule_id, now_ms=NOW_MS)
    async with transaction(pools.worker, "follow") as connection:
        await followed_by(connection, told)
        await retired(connection, told)
        await wake(connection, {(one.client_id, one.follows or "") for one in told}, now_ms=NOW_MS)


async def _claim(store: PgDeliveryStore, owner: str, *, now_ms: int = NOW_MS) -> Sequence[Claim]:
    return await store.claim_due(
        owner=owner, now_ms=now_ms, lease_ms=LEASE_MS, limit=BATCH, per_host_max=BATCH, hosts_excluded={"host-6"}
    )


async def _abandoned(pools: Pools) -> None:
    abandoned = PgAbandonedLeases(pools.worker)
    senders = await abandoned.absent(now_ms=NOW_MS, lease_ms=LEASE_MS)
    assert senders, "leases are held by senders that are not there"
    await abandoned.take_back(senders, now_ms=NOW_MS, lease_ms=LEASE_MS, limit=BATCH)


async def _rules(pools: Pools, subjects: Sequence[Subject]) -> None:
    source, rule_database, outbox = PgRuleSource(pools.worker), PgRuleDatabase(pools.worker), PgOutbox(pools.worker)
    version = (await source.snapshot()).version
    changes = [RuleChange(each.client_id, each.rule_id, RuleAction.UPDATED, 2) for each in subjects[:50]]
    async with transaction(pools.admin, "change") as connection:
        await append_changes(connection, changes, now_ms=NOW_MS)
    await source.changes(version)
    first = await rule_database.next_clients(None, clients_max=10)
    await rule_database.next_clients(max(first.by_client), clients_max=10)
    await rule_database.rules_of([each.client_id for each in subjects[:1]])
    rows = await outbox.unpublished(limit=BATCH)
    await outbox.mark_published([row.change_id for row in rows], now_ms=NOW_MS)
    async with transaction(pools.worker, "trim") as connection:
        await trim_changes(connection, up_to=len(changes))


async def _people(pools: Pools, notification: Notification) -> None:
    history, client_id = PgNotificationHistory(pools, looks_max=LOOKS_MAX), notification.client_id
    for scope in (None, client_id):
        first = await history.list(scope, PageRequest(50), NotificationFilter())
        await history.list(scope, PageRequest(50, first.next_cursor), NotificationFilter())
        await history.list(scope, PageRequest(50), NotificationFilter(alert_id=notification.alert_id))
        await history.list(
            scope, PageRequest(50), NotificationFilter(status=NotificationStatus.RECEIVED, since_ms=NOW_MS - 86_400_000)
        )
        await history.list(scope, PageRequest(50), NotificationFilter(rule_id=notification.rule_ids[0]))
        await history.detail(scope, notification.notification_id)
    await history.resend(client_id, notification.notification_id, now_ms=LATER_MS)


async def _retention(pools: Pools) -> None:
    retention = PgRetention(pools.worker, has_relay=True)
    for old in Old:
        await retention.clear(old, before_ms=OLD_MS, rows_max=BATCH)
    for partition, below in (await retention.readable_partitions()).items():
        await retention.clear_records(partition, below=below, before_ms=LATER_MS, rows_max=BATCH)
    await retention.alerts_beyond_ms(1_000)
    await retention.forget_changes(before_ms=OLD_MS)
