"""Whether everything has come to its end."""

from collections.abc import Sequence

from alerting_core.sim.platform import Platform
from alerting_core.sim.traffic import Source


def unsettled(platform: Platform, source: Source, *, behind: Sequence[str]) -> list[str]:
    """Return what is still under way, in words; nothing when the world is still.

    Args:
        platform: Looked at.
        source: Of its alerts.
        behind: Processes that have older rules than are in force.
    """
    found: list[str] = []
    if not source.is_done:
        found.append("not every alert is accepted")
    for group, topic in platform.groups.items():
        if lag := platform.lag(group, topic):
            found.append(f"{group} lags {lag} records behind")
    if received := len(platform.database.notifications.received):
        found.append(f"{received} notifications are RECEIVED")
    if waiting := platform.database.deliveries.open:
        found.append(f"{waiting} deliveries are not final")
    if under_way := platform.claims.under_way():
        found.append(f"{under_way} attempts are not recorded")
    found += [f"{name} has older rules than are in force" for name in behind]
    return found
