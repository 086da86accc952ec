"""Poison: whatever cannot be decoded is in the dead-letter topic with its place and its reason, and nothing else is."""

from collections.abc import Callable, Mapping
from typing import ClassVar, Final

from alerting_core.codec.rejected import Rejected
from alerting_core.ports.stream import ALERTS_MATCHED, ALERTS_NEW, DLQ_SUFFIX, NOTIFICATIONS_READY, RULE_CHANGED, Record
from alerting_core.sim.checkers.checker import Checker, Evidence
from alerting_core.sim.checkers.reading import read_alert, read_match, read_ready, read_rule_changed
from alerting_core.sim.facts import Appended, Fact

_DECODERS: Final[Mapping[str, Callable[[bytes], object]]] = {
    ALERTS_NEW: read_alert,
    ALERTS_MATCHED: read_match,
    NOTIFICATIONS_READY: read_ready,
    RULE_CHANGED: read_rule_changed,
}

Place = tuple[str, int, int]


class Poison(Checker):
    """Each poison record is in the dead-letter topic of its topic, unchanged, with its place and its reason."""

    name: ClassVar[str] = "poison"
    sees = (Appended,)

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence)
        self._poison: dict[Place, tuple[Record, str]] = {}
        self._found: set[Place] = set()
        self._refused: set[tuple[str, bytes]] = set()

    def see(self, fact: Fact) -> None:
        """Take down poison, and hold each dead letter against it."""
        assert isinstance(fact, Appended)
        record = fact.record
        if record.topic.endswith(DLQ_SUFFIX):
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

    def _check(self, letter: Record) -> None:
        headers = dict(letter.headers)
        try:
            topic = headers["dlq-topic"].decode()
            place = (topic, int(headers["dlq-partition"]), int(headers["dlq-offset"]))
            record, reason = self._poison[place]
        except (KeyError, ValueError):
            self.blame(f"{letter.topic}/{letter.partition}/{letter.offset} is no poison that ever was")
            return
        same = (record.key, record.value) == (letter.key, letter.value) and letter.topic == topic + DLQ_SUFFIX
        if not same or headers.get("dlq-reason") != reason.encode(errors="replace"):
            self.blame(f"the dead letter of {'/'.join(map(str, place))} does not say what it was and why")
        self._found.add(place)
