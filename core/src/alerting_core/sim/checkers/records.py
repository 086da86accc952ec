"""Records and notifications: offsets never pass unfinished work, poison is kept, notifications end as they should."""

from collections.abc import Callable, Mapping
from typing import ClassVar, Final, TypeAlias

from alerting_core.codec.records import NotificationReady, Rejected
from alerting_core.domain.alert import Alert, AlertStatus, Match
from alerting_core.domain.delivery import DELIVERY_MOVES, DeliveryEvent, DeliveryStatus
from alerting_core.domain.notification import (
    NOTIFICATION_MOVES,
    Notification,
    NotificationEvent,
    NotificationKind,
    NotificationStatus,
    derive_notification_id,
    settled_by,
)
from alerting_core.memory.database import DeliveryRow
from alerting_core.ports import stream
from alerting_core.sim import facts
from alerting_core.sim.simulation import Checker, Evidence, read_alert, read_match, read_ready, read_rule_changed


class NoBugs(Checker):
    """No stage raises anything but what may pass."""

    name: ClassVar[str] = "no-bugs"
    sees = (facts.Raised,)

    def see(self, fact: facts.Fact) -> None:
        """Report the error."""
        assert isinstance(fact, facts.Raised)
        self.blame(f"{fact.process.name} raised {fact.error!r}")


_DECODERS: Final[Mapping[str, Callable[[bytes], object]]] = {
    stream.ALERTS_NEW: read_alert,
    stream.ALERTS_MATCHED: read_match,
    stream.NOTIFICATIONS_READY: read_ready,
    stream.RULE_CHANGED: read_rule_changed,
}

Place: TypeAlias = tuple[str, int, int]
"""Topic, partition, offset."""


class Poison(Checker):
    """Each poison record is in the dead-letter topic of its topic, unchanged, with its place and its reason."""

    name: ClassVar[str] = "poison"
    sees = (facts.Appended,)

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence)
        self._poison: dict[Place, tuple[stream.Record, str]] = {}
        self._found: set[Place] = set()
        self._refused: set[tuple[str, bytes]] = set()

    def see(self, fact: facts.Fact) -> None:
        """Take down poison, and hold each dead letter against it."""
        assert isinstance(fact, facts.Appended)
        record = fact.record
        if record.topic.endswith(stream.DLQ_SUFFIX):
            self._check(record)
            return
        decoded = _DECODERS[record.topic](record.value)
        if isinstance(decoded, Rejected):
            self._poison[record.topic, record.partition, record.offset] = (record, decoded.reason)
            self._refused.add((record.topic, record.value))

    def finish(self) -> None:
        """Every poison record was found."""
        for topic, value in self.evidence.poison:
            if (topic, value) not in self._refused:
                self.blame(f"{value!r} in {topic} was taken for a message")
        for place in self._poison:
            if place not in self._found:
                self.blame(f"{'/'.join(map(str, place))} is poison and was dropped")

    def _check(self, letter: stream.Record) -> None:
        headers = dict(letter.headers)
        try:
            topic = headers["dlq-topic"].decode()
            place = (topic, int(headers["dlq-partition"]), int(headers["dlq-offset"]))
            record, reason = self._poison[place]
        except (KeyError, ValueError):
            self.blame(f"{letter.topic}/{letter.partition}/{letter.offset} is no poison that ever was")
            return
        same = (record.key, record.value) == (letter.key, letter.value) and letter.topic == topic + stream.DLQ_SUFFIX
        if not same or headers.get("dlq-reason") != reason.encode(errors="replace"):
            self.blame(f"the dead letter of {'/'.join(map(str, place))} does not say what it was and why")
        self._found.add(place)


class Offsets(Checker):
    """At the instant of a commit the work before the offset is done and durable. (That evaluators have published
    their matches is watched by `NothingLost`.)"""

    name: ClassVar[str] = "offsets"
    sees = (facts.Committed, facts.Polled, facts.Appended, facts.NotificationPut)

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence)
        self._announced: set[str] = set()
        self._polled_at_ms: dict[tuple[facts.Process, str], int] = {}
        self._resent_at_ms: dict[str, int] = {}
        self._stored_at_ms: dict[str, int] = {}

    def see(self, fact: facts.Fact) -> None:
        """Hold each commit against the tables."""
        match fact:
            case facts.Appended(record) if record.topic == stream.NOTIFICATIONS_READY:
                ready = read_ready(record.value)
                if isinstance(ready, NotificationReady):
                    self._announced.add(ready.notification_id)
            case facts.NotificationPut(None, Notification() as new) if new.has_life:
                self._stored_at_ms[new.notification_id] = self.evidence.now_ms()
            case facts.NotificationPut(Notification() as old, Notification() as new):
                if old.status is not new.status and new.status is NotificationStatus.RECEIVED:
                    self._resent_at_ms[new.notification_id] = self.evidence.now_ms()
            case facts.Polled(process, group) if group in {stream.Group.SENDER, stream.Group.RESOLVER}:
                self._polled_at_ms[process, group] = self.evidence.now_ms()
            case facts.Committed():
                self._check(fact)
            case _:
                pass

    def _check(self, fact: facts.Committed) -> None:
        for number, end in fact.after.items():
            start, where = fact.before[number], f"{fact.process.name} of {fact.group}"
            if end < start:
                self.blame(f"{where} moved partition {number} back from {start} to {end}")
            if number not in fact.owned:
                self.blame(f"{where} moved partition {number}, which belongs to another consumer")
        for record in fact.records:
            missing = self._missing(fact, record)
            if missing is not None:
                where = f"{fact.process.name} of {fact.group}"
                self.blame(f"{where} passed {record.topic}/{record.partition}/{record.offset}, but {missing}")

    def _missing(self, fact: facts.Committed, record: stream.Record) -> str | None:
        """Say what of the work that *record* asks for is not done."""
        polled_at_ms = self._polled_at_ms.get((fact.process, fact.group), 0)
        match fact.group:
            case stream.Group.RECORDER:
                return self._not_recorded(record)
            case stream.Group.AGGREGATOR:
                return self._not_stored(record)
            case stream.Group.RESOLVER:
                return self._not_ended(record, polled_at_ms)
            case stream.Group.SENDER:
                return self._not_planned(record, polled_at_ms)
            case _:
                return None

    def _not_recorded(self, record: stream.Record) -> str | None:
        alert = read_alert(record.value)
        database = self.evidence.database
        if not isinstance(alert, Alert) or alert.key in database.alerts:
            return None
        # What is private goes with its client.
        return None if alert.owner not in {"", *database.clients} else f"{alert.alert_id} is not in the log of alerts"

    def _not_stored(self, record: stream.Record) -> str | None:
        match = read_match(record.value)
        if not isinstance(match, Match) or match.client_id not in self.evidence.database.clients:
            return None
        id_ = derive_notification_id(match.client_id, match.alert.alert_id, match.alert.owner)
        stored = self.evidence.database.notifications.get(id_)
        if stored is None:
            return f"{match.client_id} has no notification of {match.alert.alert_id}"
        return self._not_announced(stored)

    def _not_ended(self, record: stream.Record, polled_at_ms: int) -> str | None:
        """Say whom the end in *record* is not told who was notified of the firing by the time of the poll.

        Whoever is notified later learns of the end by the aggregator.
        """
        alert, rows = read_alert(record.value), self.evidence.database.notifications
        if not isinstance(alert, Alert) or alert.status is not AlertStatus.RESOLVED:
            return None
        for id_ in rows.firing.get(alert.key, ()):
            firing = rows[id_]
            if firing.ends_at is not None or self._stored_at_ms[id_] >= polled_at_ms:
                continue
            resolved = rows.get(firing.resolved_notification_id or "")
            if resolved is None:
                return f"{firing.client_id} has no notification of the end of {alert.alert_id}"
            if (missing := self._not_announced(resolved)) is not None:
                return missing
        return None

    def _not_announced(self, stored: Notification) -> str | None:
        if stored.status is not NotificationStatus.RECEIVED or stored.notification_id in self._announced:
            return None
        return f"the dispatcher was never told of {stored.notification_id}"

    def _not_planned(self, record: stream.Record, polled_at_ms: int) -> str | None:
        ready = read_ready(record.value)
        if not isinstance(ready, NotificationReady):
            return None
        id_ = ready.notification_id
        stored = self.evidence.database.notifications.get(id_)
        if stored is None or stored.client_id != ready.client_id or stored.status is not NotificationStatus.RECEIVED:
            return None
        # One that was resent after the poll is announced by a record of its own.
        has_deliveries = self.evidence.database.deliveries_of_notification.get(id_)
        if self._resent_at_ms.get(id_, -1) >= polled_at_ms or has_deliveries:
            return None
        return f"{id_} is RECEIVED and has no deliveries"


class OneNotification(Checker):
    """There is never more than one notification of each kind of a client and an alert, its owner included, and its id
    is derived."""

    name: ClassVar[str] = "one-notification"
    sees = (facts.NotificationPut,)

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence)
        self._ids: dict[tuple[str, str, str, NotificationKind], str] = {}

    def see(self, fact: facts.Fact) -> None:
        """Look at each new notification."""
        match fact:
            case facts.NotificationPut(None, Notification() as new):
                key = _key_of(new)
                if key in self._ids:
                    self.blame(f"{new.client_id} has a second {new.kind} notification of {new.alert_id}")
                elif new.notification_id != derive_notification_id(*key):
                    self.blame(f"the id of {new.client_id}'s notification of {new.alert_id} is not derived from them")
                self._ids[key] = new.notification_id
            case facts.NotificationPut(Notification() as old, None):
                self._ids.pop(_key_of(old), None)
            case _:
                pass


def _key_of(notification: Notification) -> tuple[str, str, str, NotificationKind]:
    return notification.client_id, notification.alert_id, notification.owner, notification.kind


class AllowedMoves(Checker):
    """Every change of state is in the tables; only people resend."""

    name: ClassVar[str] = "allowed-moves"
    sees = (facts.NotificationPut, facts.DeliveryPut)

    def see(self, fact: facts.Fact) -> None:
        """Look at each change of a row."""
        match fact:
            case facts.NotificationPut(old, Notification() as new):
                self._check_notification(None if old is None else old.status, new)
            case facts.DeliveryPut(old, DeliveryRow() as new):
                self._check_delivery(None if old is None else old.delivery.status, new)
            case _:
                pass

    def _check_notification(self, old: NotificationStatus | None, new: Notification) -> None:
        if old is new.status:
            return
        if old is None:
            allowed = new.status is NotificationStatus.RECEIVED
        else:
            moves = [event for (status, event), to in NOTIFICATION_MOVES.items() if status is old and to is new.status]
            allowed = bool(moves) and (moves != [NotificationEvent.RESENT] or facts.current_process() is None)
        if not allowed:
            self.blame(f"notification {new.notification_id} moved from {old} to {new.status}")

    def _check_delivery(self, old: DeliveryStatus | None, new: DeliveryRow) -> None:
        status = new.delivery.status
        if old is status:
            return
        if old is None:
            allowed = status in {DeliveryStatus.PENDING, DeliveryStatus.SKIPPED}
        else:
            moves = [event for (before, event), to in DELIVERY_MOVES.items() if before is old and to is status]
            allowed = bool(moves) and (moves != [DeliveryEvent.RESENT] or facts.current_process() is None)
        if not allowed:
            self.blame(f"delivery {new.delivery.delivery_id} moved from {old} to {status}")


class FinalState(Checker):
    """Every notification ends as its deliveries say, and every delivery that was not made says why."""

    name: ClassVar[str] = "final-state"

    def finish(self) -> None:
        """Compare each finished notification with its deliveries."""
        database = self.evidence.database
        for id_, notification in database.notifications.items():
            rows = [database.deliveries[d].delivery for d in database.deliveries_of_notification.get(id_, {})]
            event = settled_by(row.status for row in rows)
            if event is None or notification.status is NotificationStatus.RECEIVED:
                continue  # Not at its end: the world says so of itself.
            wanted = NOTIFICATION_MOVES[NotificationStatus.RECEIVED, event]
            if notification.status is not wanted:
                states = ", ".join(row.status for row in rows) or "no deliveries"
                self.blame(f"notification {id_} is {notification.status} with {states}")
            for row in rows:
                if row.status is not DeliveryStatus.DELIVERED and row.reason is None:
                    self.blame(f"delivery {row.delivery_id} is {row.status} for no reason")
