"""Alerts with a life among the load: they fire, are repeated, and end, some as soon as they fire and some once told.

A few keys take turns, so that each has one episode after the other. Whatever was not answered with 202 is reported
again, as it was: the platform may have taken it or not.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from alerting_core.domain.alert import Alert, AlertLife, AlertStatus
from alerting_core.domain.episode import fingerprint_of_key

KEYS: Final = 60
"""Alerts that fire at the same time, at most: their ends are on the way while the next ones begin."""

POSTS_BEFORE_END: Final = 3
"""How often an alert is reported to fire, at the least, before it ends."""


@dataclass
class Life:
    """One episode as its sender knows it.

    Attributes:
        alert: What it says; its id is empty until the first answer.
        is_hasty: Whether it ends although its firing may not have been told.
    """

    key: str
    alert: Alert
    is_hasty: bool
    posts: int = 0
    ends: bool = False

    def report(self) -> Mapping[str, Any]:
        """Return what is to be said of it."""
        return {
            "severity": self.alert.severity.name,
            "source": self.alert.source,
            "name": self.alert.name,
            "context": dict(self.alert.context),
            "dedup_key": self.key,
            "status": "resolved" if self.ends else "firing",
        }

    def answered(self, alert_id: str) -> None:
        """Note that a report was taken."""
        assert self.alert.alert_id in {"", alert_id}, f"{self.key} became {alert_id} and was {self.alert.alert_id}"
        self.alert = replace(self.alert, alert_id=alert_id)
        self.posts += 1


class Lives:
    """All that fire now.

    Args:
        is_told: Tells of an alert whether all who are to be told that it fires have been.
    """

    def __init__(self, is_told: Callable[[Alert], bool]) -> None:
        self._is_told = is_told
        self._open: dict[str, Life] = {}
        self._begun = 0

    def begin(self, alerts: Sequence[Alert]) -> Sequence[Alert]:
        """Let as many of *alerts* fire as there are keys free; return the others."""
        for place, alert in enumerate(alerts):
            key = f"key-{self._begun % KEYS}"
            if key in self._open:
                return alerts[place:]
            life = AlertLife(fingerprint_of_key(key), phase=2, status=AlertStatus.RESOLVED, ends_at=alert.event_ts)
            fires = replace(alert, alert_id="", life=life)
            self._open[key] = Life(key, fires, is_hasty=self._begun // KEYS % 2 == 1)
            self._begun += 1
        return ()

    def due(self, *, is_over: bool = False) -> Sequence[Life]:
        """Return what is to be reported now, which is of all that fire; when *is_over*, that they end."""
        for life in self._open.values():
            if not life.ends and life.posts >= POSTS_BEFORE_END:
                life.ends = is_over or life.is_hasty or self._is_told(life.alert)
        return [one for one in self._open.values() if one.ends or one.posts < POSTS_BEFORE_END or is_over]

    def answered(self, lives: Sequence[Life], alert_ids: Sequence[str]) -> Sequence[Alert]:
        """Note that reports were taken; return the alerts that are over now."""
        over: list[Alert] = []
        for life, alert_id in zip(lives, alert_ids, strict=True):
            life.answered(alert_id)
            if life.ends:
                del self._open[life.key]
                over.append(life.alert)
        return over
