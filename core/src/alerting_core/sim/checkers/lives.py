"""Alerts with a life: no episode is lost or made up, and who is told that an alert fires is told of its end, once."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Final, TypeAlias

from alerting_core.app.episodes import ReportResult
from alerting_core.domain.alert import Alert, AlertKey, AlertStatus
from alerting_core.domain.claim import Claim, HttpMessage
from alerting_core.domain.delivery import Delivery, DeliveryStatus, Reason
from alerting_core.domain.endpoint import EndpointType
from alerting_core.domain.episode import Episode, EpisodeKey, EpisodeStatus
from alerting_core.domain.episode_report import ReportOutcome
from alerting_core.domain.notification import Notification, NotificationKind, NotificationStatus
from alerting_core.memory.database import DeliveryRow
from alerting_core.ports.stream import ALERTS_NEW
from alerting_core.sim import facts
from alerting_core.sim.simulation import Checker, Evidence, read_alert

_FIRES: Final = frozenset({ReportOutcome.OPENED, ReportOutcome.EXTENDED, ReportOutcome.UNCHANGED})


class _Said:
    """What monitors say of each alert.

    Attributes:
        over: The alerts of which one may have said that they are over.
    """

    def __init__(self) -> None:
        self.over: set[EpisodeKey] = set()
        self._until_ms: dict[EpisodeKey, tuple[str | None, int]] = {}
        self._on_the_way: Counter[EpisodeKey] = Counter()
        self._ends: Counter[EpisodeKey] = Counter()
        self._ends_at_send: dict[int, Mapping[EpisodeKey, int]] = {}

    def send(self, fact: facts.ReportsSent) -> None:
        """From now on what is said may have its effect, whether or not it is ever answered."""
        for report in fact.reports:
            self._on_the_way[report.key] += 1
            if report.is_resolved or report.ends_at_ms is not None:
                self.over.add(report.key)
        self._ends_at_send[fact.number] = {report.key: self._ends[report.key] for report in fact.reports}

    def answer(self, fact: facts.ReportsAnswered) -> None:
        """Take down until when an alert fires, if none of what was said meanwhile can have ended it."""
        ends_at_send = self._ends_at_send.pop(fact.number)
        results: Sequence[ReportResult | None] = fact.results or [None] * len(fact.reports)
        for report, result in zip(fact.reports, results, strict=True):
            key = report.key
            self._on_the_way[key] -= 1
            if result is None or result.outcome not in _FIRES:
                self._ends[key] += 1
                self._until_ms.pop(key, None)
            elif report.ends_at_ms is not None and not self._on_the_way[key] and self._ends[key] == ends_at_send[key]:
                episode_id, until_ms = self._until_ms.get(key, ("", 0))
                before_ms = until_ms if episode_id == result.episode_id else 0
                self._until_ms[key] = (result.episode_id, max(before_ms, report.ends_at_ms))

    def until_ms(self, episode: Episode) -> int:
        """Return until when *episode* must not end by itself; 0 where somebody may be about to end it."""
        episode_id, until_ms = self._until_ms.get(episode.key, ("", 0))
        return until_ms if episode_id == episode.episode_id and not self._on_the_way[episode.key] else 0


class Episodes(Checker):
    """What a monitor was told to be taken in is in the log, each episode from its firing to its end, one after the
    other; and none ends while somebody says that the alert fires."""

    name: ClassVar[str] = "episodes"
    sees = (facts.EpisodePut, facts.ReportsSent, facts.ReportsAnswered, facts.Appended)

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence)
        self._said = _Said()
        self._stored: dict[str, Episode] = {}
        self._in_log: dict[AlertKey, dict[int, Alert]] = {}

    def see(self, fact: facts.Fact) -> None:
        """Follow each episode from its first report to its last record."""
        match fact:
            case facts.ReportsSent():
                self._said.send(fact)
            case facts.ReportsAnswered(results=results):
                self._said.answer(fact)
                for result in results or ():
                    if result.outcome in _FIRES and result.episode_id not in self._stored:
                        self.blame(f"a monitor was told of episode {result.episode_id}, which nobody has stored")
            case facts.EpisodePut(old, Episode() as new):
                self._put(old, new)
            case facts.Appended(record) if record.topic == ALERTS_NEW:
                alert = read_alert(record.value)
                if isinstance(alert, Alert) and alert.has_life:
                    self._append(alert)
            case _:
                pass

    def finish(self) -> None:
        """The log has every episode that was taken in, and the end of each that is over."""
        for episode_id, episode in self._stored.items():
            if episode.owner and episode.owner not in self.evidence.database.clients:
                continue
            records = self._in_log.get((episode.owner, episode_id), {})
            latest = self.evidence.database.episodes.get(episode.key)
            is_open = latest is not None and latest.episode_id == episode_id and latest.is_open
            if 1 not in records:
                self.blame(f"episode {episode_id} was taken in, and the log does not have that it fires")
            elif not is_open and all(one.status is AlertStatus.FIRING for one in records.values()):
                self.blame(f"episode {episode_id} is over, and the log does not have its end")

    def _put(self, old: Episode | None, new: Episode) -> None:
        self._stored[new.episode_id] = new
        if old is None or old.episode_id != new.episode_id:
            self._check_opened(old, new)
        elif old.is_open and not new.is_open:
            self._check_closed(new)
        elif new.is_open and not old.is_open:
            self.blame(f"episode {new.episode_id} was over, and is opened again")

    def _check_opened(self, old: Episode | None, new: Episode) -> None:
        if old is not None and old.is_open:
            self.blame(f"episode {new.episode_id} begins while {old.episode_id} is open")
        elif old is not None and not old.is_published:
            self.blame(f"episode {old.episode_id} gave way to {new.episode_id} before it was published")
        if not new.is_open or new.phase != 1:
            self.blame(f"episode {new.episode_id} begins {new.status}, in phase {new.phase}")

    def _check_closed(self, new: Episode) -> None:
        until_ms = self._said.until_ms(new)
        if new.changed_at_ms < until_ms:
            self.blame(f"episode {new.episode_id} is {new.status} {until_ms - new.changed_at_ms} ms too early")
        if new.status is EpisodeStatus.ENDED and new.key not in self._said.over:
            self.blame(f"episode {new.episode_id} has ended, and nobody has said so")

    def _append(self, alert: Alert) -> None:
        records = self._in_log.setdefault(alert.key, {})
        if alert.phase > 1 and 1 not in records:
            self.blame(f"the log has phase {alert.phase} of {alert.alert_id} before its firing")
        if (alert.phase == 1) is not (alert.status is AlertStatus.FIRING):
            self.blame(f"the log has phase {alert.phase} of {alert.alert_id} as {alert.status.name}")
        if records.setdefault(alert.phase, alert) != alert:
            self.blame(f"the log has two different records of {alert.alert_id} in phase {alert.phase}")


Place: TypeAlias = tuple[str, AlertKey, EndpointType, str]
"""Client, episode, channel and target: what is told that an alert fires, and of its end."""


class Telling(Checker):
    """A target is told at most once that an alert fires, at most once that it is over, in that order; of an end that
    has come, and only where it was told of the firing."""

    name: ClassVar[str] = "telling"
    sees = (facts.NotificationPut, facts.DeliveryPut, facts.Sent)

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence)
        self._deliveries: dict[tuple[Place, NotificationKind], str] = {}
        self._taken: set[Place] = set()

    def see(self, fact: facts.Fact) -> None:
        """Hold each message against those before it."""
        match fact:
            case facts.NotificationPut(_, Notification() as new) if new.has_life and new.ends_at is not None:
                self._check_end(new)
            case facts.DeliveryPut(None, DeliveryRow() as row):
                self._plan(row)
            case facts.DeliveryPut(DeliveryRow() as row, None):
                self._deliveries = {
                    key: id_ for key, id_ in self._deliveries.items() if id_ != row.delivery.delivery_id
                }
            case facts.Sent(claim=Claim() as claim) if claim.notification.has_life:
                self._send(fact, claim)
            case _:
                pass

    def _check_end(self, new: Notification) -> None:
        latest = self.evidence.database.episodes.get((new.owner, new.fingerprint))
        if latest is not None and latest.episode_id == new.alert_id and latest.is_open:
            self.blame(f"{new.client_id} is to be told of the end of {new.alert_id}, which fires")

    def _plan(self, row: DeliveryRow) -> None:
        delivery = row.delivery
        notification = self.evidence.database.notifications.get(delivery.notification_id)
        if notification is None or not notification.has_life:
            return
        key = ((delivery.client_id, notification.alert_key, delivery.type, delivery.target), notification.kind)
        if self._deliveries.setdefault(key, delivery.delivery_id) != delivery.delivery_id:
            self.blame(f"{delivery.target} is to be told twice that {notification.alert_id} is {notification.kind}")

    def _send(self, sent: facts.Sent, claim: Claim) -> None:
        delivery, notification = claim.delivery, claim.notification
        place = (delivery.client_id, notification.alert_key, delivery.type, delivery.target)
        if notification.kind is NotificationKind.RESOLVED and place not in self._taken:
            self.blame(f"{delivery.target} is told of the end of {notification.alert_id}, and never was of its firing")
        if sent.accepted and notification.kind is NotificationKind.FIRING:
            self._taken.add(place)
        if isinstance(sent.message, HttpMessage) and delivery.type is EndpointType.WEBHOOK:
            status = json.loads(sent.message.body)["status"]
            if status != ("firing" if notification.ends_at is None else "resolved"):
                self.blame(f"a message to {delivery.target} says that {notification.alert_id} is {status}")


_NOT_WANTED: Final = frozenset(
    {Reason.ENDPOINT_DELETED, Reason.ENDPOINT_DISABLED, Reason.ENDPOINT_CHANGED, Reason.RESOLVED_NOT_WANTED}
)
"""Why a target is not told of an end, though it was told of the firing."""


class EndsTold(Checker):
    """When all has ended, every target that was told of the firing is told of the end, unless it is not there any
    more, does not want it, or the alert still fires.

    A target whose success was recorded when the end had been given up already is owed nothing: the delivery of the
    firing was dead by then. Nor is one that people resent a notification to which says that it is over.
    """

    name: ClassVar[str] = "ends-told"
    sees = (facts.Recorded, facts.DeliveryPut)

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence)
        self._arrived_at_ms: dict[str, int] = {}
        self._ended_at_ms: dict[str, int] = {}

    def see(self, fact: facts.Fact) -> None:
        """Remember when each delivery arrived, and when each ended."""
        match fact:
            case facts.Recorded(_, outcome) if outcome.attempt and outcome.attempt.reason is Reason.DELIVERED:
                self._arrived_at_ms.setdefault(outcome.claim.delivery.delivery_id, self.evidence.now_ms())
            case facts.DeliveryPut(_, DeliveryRow() as row) if row.delivery.status.is_final:
                self._ended_at_ms[row.delivery.delivery_id] = self.evidence.now_ms()
            case _:
                pass

    def finish(self) -> None:
        """Look at each notification of a firing, and at who got it."""
        rows = self.evidence.database.notifications
        for firing in [rows[id_] for ids in rows.firing.values() for id_ in ids]:
            if firing.status is NotificationStatus.RECEIVED or self._fires(firing):
                continue
            if firing.resolved_notification_id is not None:
                for missing in self._missing(firing, firing.resolved_notification_id):
                    self.blame(missing)
            elif firing.ends_at is None:
                self.blame(f"{firing.client_id} was never told of the end of {firing.alert_id}")

    def _fires(self, firing: Notification) -> bool:
        latest = self.evidence.database.episodes.get((firing.owner, firing.fingerprint))
        return latest is not None and latest.episode_id == firing.alert_id and latest.is_open

    def _missing(self, firing: Notification, resolved_id: str) -> Iterator[str]:
        database = self.evidence.database
        ends = {row.delivery.follows: row.delivery for row in self._rows_of(resolved_id)}
        for row in self._rows_of(firing.notification_id):
            id_, target = row.delivery.delivery_id, row.delivery.target
            attempts = database.attempts_of_delivery.get(id_, {}).values()
            if all(attempt.reason is not Reason.DELIVERED for attempt in attempts):
                continue
            end = ends.get(id_)
            if end is not None and self._is_missed(id_, end):
                yield f"{target} was told that {firing.alert_id} fires, and not of its end: {end.reason}"
            if end is None and firing.ends_at is None:
                yield f"{target} was told that {firing.alert_id} fires, and no delivery of its end was planned"

    def _is_missed(self, firing_id: str, end: Delivery) -> bool:
        if end.status is not DeliveryStatus.SKIPPED or end.reason in _NOT_WANTED:
            return False
        return self._ended_at_ms[end.delivery_id] >= self._arrived_at_ms[firing_id]

    def _rows_of(self, notification_id: str) -> Iterator[DeliveryRow]:
        database = self.evidence.database
        return (database.deliveries[id_] for id_ in database.deliveries_of_notification.get(notification_id, ()))
