"""Figures over time: one point a virtual second, the last few minutes of them, and rates of the last seconds."""

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from alerting_core.domain.delivery import DeliveryStatus
from alerting_core.pipeline.report import StageName
from alerting_playground.session import limits

if TYPE_CHECKING:
    from alerting_playground.session.world import LiveWorld

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

    def __init__(self, world: "LiveWorld") -> None:
        self._world = world
        self._points: deque[tuple[int, ...]] = deque(maxlen=limits.SERIES_POINTS)
        self._marks: deque[Mark] = deque([self._mark()], maxlen=RATE_SECONDS)

    def take(self) -> None:
        """Take the point of the second that ends now."""
        world, before, now = self._world, self._marks[-1], self._mark()
        lags = (world.lag(group, topic) for group, topic in world.groups_to_finish.items())
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
            *(f"lag_{spec.name}" for spec in self._world.stage_specs if spec.group in self._world.groups_to_finish),
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
        world = self._world
        tallies = world.tallies
        delivered = tallies.deliveries[DeliveryStatus.DELIVERED]
        return Mark(world.loop.now_ms(), tallies.alerts, tallies.matches, tallies.created, delivered, dict(world.done))


def _rate(count: int, over_ms: int) -> float:
    return round(count * 1_000 / over_ms, 1)
