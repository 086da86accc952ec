"""Figures over time: one point a virtual second, the last few minutes of them, and rates of the last seconds."""

from collections import Counter, deque
from dataclasses import dataclass
from typing import Any, Final

from alerting_core.domain.notification import DeliveryStatus
from alerting_core.sim.platform import Platform
from alerting_core.stages.batch import StageName
from alerting_core.topology import groups_of
from alerting_playground.session import limits
from alerting_playground.session.flow import Tallies
from alerting_playground.session.groups import readers_on_path

RATE_SECONDS: Final = 5
"""Rates are means of so many seconds: steady enough to read, quick enough to follow a fault."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The sums at one moment."""

    at_ms: int
    alerts: int
    matches: int
    created: int
    delivered: int
    stages: dict[tuple[StageName, str], int]


class Series:
    """Takes points."""

    def __init__(self, world: Platform, tallies: Tallies, done: Counter[tuple[StageName, str]]) -> None:
        """Take points of *world*, of which *tallies* and *done* keep the sums."""
        self._world, self._tallies, self._done = world, tallies, done
        self._readers = readers_on_path(world.stage_specs)
        self._points: deque[tuple[int, ...]] = deque(maxlen=limits.SERIES_POINTS)
        self._marks: deque[Mark] = deque([self._mark()], maxlen=RATE_SECONDS)

    def take(self) -> None:
        """Take the point of the second that ends now."""
        world, before, now = self._world, self._marks[-1], self._mark()
        lags = (world.lag(group, topic) for group, topic in groups_of(self._readers).items())
        self._points.append(
            (
                now.alerts - before.alerts,
                now.delivered - before.delivered,
                now.created - before.created,
                *lags,
                world.database.deliveries.open,
            )
        )
        self._marks.append(now)

    def shown(self) -> dict[str, Any]:
        """Return all points, each figure by itself."""
        names = (
            "alerts",
            "delivered",
            "notifications",
            *(f"lag_{reader.name}" for reader in self._readers),
            "waiting_deliveries",
        )
        first_s = self._marks[-1].at_ms // 1_000 - len(self._points) + 1
        columns = zip(*self._points, strict=True) if self._points else [()] * len(names)
        return {"from_s": first_s, **{name: list(column) for name, column in zip(names, columns, strict=True)}}

    def rates(self) -> tuple[dict[str, Any], dict[tuple[StageName, str], float]]:
        """Return what was done a virtual second lately: of the whole, and of each stage."""
        now, then = self._mark(), self._marks[0]
        over_ms = max(1, now.at_ms - then.at_ms)
        whole = {
            "over_ms": over_ms,
            "alerts": _rate(now.alerts - then.alerts, over_ms),
            "matches": _rate(now.matches - then.matches, over_ms),
            "notifications": _rate(now.created - then.created, over_ms),
            "delivered": _rate(now.delivered - then.delivered, over_ms),
        }
        stages = {key: _rate(count - then.stages.get(key, 0), over_ms) for key, count in now.stages.items()}
        return whole, stages

    def _mark(self) -> Mark:
        tallies = self._tallies
        delivered = tallies.deliveries[DeliveryStatus.DELIVERED]
        return Mark(
            self._world.loop.now_ms(), tallies.alerts, tallies.matches, tallies.created, delivered, dict(self._done)
        )


def _rate(count: int, over_ms: int) -> float:
    return round(count * 1_000 / over_ms, 1)
