"""One round of each measure: a backlog is made, the worker is started on it and timed, then the limit beside it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import psutil

from alerting_backend.adapters.postgres.connection import Role, open_pool
from alerting_backend.adapters.postgres.delivery.notifications import PgNotificationStore
from alerting_core import limits
from alerting_core.codec.records import encode_match
from alerting_core.domain.alert import Match
from alerting_core.ports.stream import (
    ALERTS_MATCHED,
    ALERTS_NEW,
    NOTIFICATIONS_READY,
    Group,
    Outgoing,
    alert_record,
    ready_record,
)
from alerting_core.stages.batch import WorkerKind
from tests.bench.endpoint import Endpoint
from tests.bench.producer_performance import producer_performance
from tests.bench.workers.bare import bulk_insert, post
from tests.bench.workers.ground import Backlog
from tests.bench.workers.processor_time import Processes
from tests.bench.workers.rule_sets import RuleSet
from tests.bench.workers.timed import Timed, time_work
from tests.support.distributed import PlatformPart
from tests.support.install.kafka import kafka_programs

Counting: TypeAlias = Callable[[], int]

# By an index of these alone, however many are finished.
_UNFINISHED: Final = "SELECT count(*) FROM deliveries WHERE status IN ('PENDING', 'RETRYING')"


@dataclass(frozen=True, slots=True)
class Round:
    """What one measure brought.

    Attributes:
        alerts: That all items came of.
        limit: What the resource does a second without the worker; 0 where nothing of the kind is measured.
        limit_micros: Processor time that a bare client takes for one item.
    """

    timed: Timed
    alerts: int
    limit: float = 0.0
    limit_micros: float = 0.0


class Measures:
    """The measures on one platform; each can be made again and again."""

    def __init__(self, backlog: Backlog, rules: RuleSet, endpoint: Endpoint) -> None:
        self._backlog, self._rules, self._endpoint = backlog, rules, endpoint
        self._seed = 0

    def evaluator(self, matches: int) -> Round:
        """Time alerts.new → alerts.matched, in matches; the limit is Kafka's own producer."""
        alerts, found, _ = self._rules.alerts(seed=self._next_seed(), matches=matches)
        self._begin()
        self._backlog.publish([alert_record(alert) for alert in alerts])
        before = self._backlog.ends(ALERTS_MATCHED)
        timed = self._time_alone(WorkerKind.EVALUATOR, lambda: self._backlog.ends(ALERTS_MATCHED) - before, found)
        written = self._matches(1_000)
        value_bytes = sum(len(encode_match(match)) for match in written) // len(written)
        bare = self._backlog.bare_kafka(ALERTS_MATCHED)
        limit = producer_performance(kafka_programs(), bare, ALERTS_MATCHED, value_bytes=value_bytes, records=found)
        return Round(timed, len(alerts), limit)

    def aggregator(self, rows: int) -> Round:
        """Time alerts.matched → notifications and notifications.ready, in rows; the limit is a bare bulk insert."""
        matches = self._matches(rows)
        self._begin()
        self._backlog.publish([Outgoing(ALERTS_MATCHED, m.client_id.encode(), encode_match(m)) for m in matches])
        before = self._backlog.ends(NOTIFICATIONS_READY)
        timed = self._time_alone(
            WorkerKind.AGGREGATOR, lambda: self._backlog.ends(NOTIFICATIONS_READY) - before, len(matches)
        )
        limit = self._backlog.ground.run(bulk_insert(self._backlog.platform.database, rows=rows))
        return Round(timed, len({match.alert.alert_id for match in matches}), limit)

    def sender(self, webhooks: int) -> Round:
        """Time notifications.ready → webhooks, to the recorded end; the limit is a bare client of the same library."""
        matches = self._matches(webhooks)
        self._begin()
        self._backlog.ground.run(self._store(matches))
        total = sum(len(match.rule_ids) for match in matches)
        timed = self._time_alone(WorkerKind.SENDER, self._delivered(total), total)
        limit, limit_seconds = self._backlog.ground.run(post(self._endpoint.url, posts=webhooks))
        return Round(timed, len({match.alert.alert_id for match in matches}), limit, limit_seconds * 1e6)

    def whole(self, parts: Sequence[PlatformPart], deliveries: int, *, on_empty_tables: bool = True) -> Round:
        """Time alerts.new → webhooks, recorded as delivered, through running workers, from the first alert on."""
        alerts, _, total = self._rules.alerts(seed=self._next_seed(), matches=deliveries)
        if on_empty_tables:
            self._backlog.clear()
        outputs = [alert_record(alert) for alert in alerts]
        count = self._delivered(total)
        self._backlog.publish(outputs)
        timed = time_work(count, total, self._processes(parts), warm=False)
        return Round(timed, len(alerts))

    def start_all(self, *, on_empty_tables: bool = True) -> Sequence[PlatformPart]:
        """Start one worker of each kind, on empty topics, and wait until all rules have been told to all."""
        self._begin(on_empty_tables=on_empty_tables)
        running = [self._backlog.start(kind) for kind in WorkerKind]
        self._backlog.wait_until_rules_are_told()
        return running

    def stop_all(self, parts: Sequence[PlatformPart]) -> None:
        """Stop them."""
        for part in parts:
            self._backlog.stop(part)

    def _begin(self, *, on_empty_tables: bool = True) -> None:
        """Leave behind what earlier measures have left over."""
        for topic, group in (
            (ALERTS_NEW, Group.RECORDER),
            (ALERTS_NEW, Group.EVALUATOR),
            (ALERTS_MATCHED, Group.AGGREGATOR),
            (NOTIFICATIONS_READY, Group.SENDER),
        ):
            self._backlog.skip(topic, group)
        if on_empty_tables:
            self._backlog.clear()

    def _time_alone(self, kind: WorkerKind, count: Counting, total: int) -> Timed:
        part = self._backlog.platform.add(kind)
        try:
            return time_work(count, total, self._processes([part]))
        finally:
            self._backlog.stop(part)

    def _delivered(self, total: int) -> Counting:
        """Return what counts the webhooks that came, and in the end those that are recorded as delivered."""
        answered_before = self._endpoint.answered

        def count() -> int:
            answered = self._endpoint.answered - answered_before
            return answered if answered < total else total - self._backlog.value(_UNFINISHED)

        return count

    def _matches(self, number: int) -> list[Match]:
        alerts, _, _ = self._rules.alerts(seed=self._next_seed(), matches=number)
        return [
            Match(alert, client_id, rule_ids)
            for alert in alerts
            for client_id, rule_ids in self._rules.index.match(alert.severity, alert.source, alert.name).items()
        ]

    async def _store(self, matches: Sequence[Match]) -> None:
        """Do the work of an aggregator, now: what is old is for the sweeper."""
        now_ms = time.time_ns() // 1_000_000
        async with open_pool(self._backlog.platform.database, Role.WORKER, size_max=1) as pool:
            store = PgNotificationStore(pool)
            for begin in range(0, len(matches), limits.POLL_RECORDS_MAX):
                recorded = await store.record(matches[begin : begin + limits.POLL_RECORDS_MAX], now_ms=now_ms)
                await self._backlog.send([ready_record(one.ref, one.alert_id) for one in recorded])

    def _processes(self, parts: Sequence[PlatformPart]) -> dict[str, Processes]:
        def process(number: int) -> Processes:
            return lambda: [psutil.Process(number)]

        workers = {part.name: process(part.process_id) for part in parts}
        return {**workers, **self._backlog.ground.processes(), "receiver": process(self._endpoint.process_id)}

    def _next_seed(self) -> int:
        self._seed += 1
        return self._seed
