"""Whether everything has come to its end."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alerting_core.sim.world import World


def unsettled(world: "World") -> list[str]:
    """Return what is still under way, in words; nothing when the world is still."""
    found: list[str] = []
    if not world.source.is_done:
        found.append("not every alert is accepted")
    for group, topic in world.groups.items():
        committed, ends = world.log.committed(group, topic), world.log.end_offsets(topic)
        if lag := sum(ends) - sum(committed.values()):
            found.append(f"{group} lags {lag} records behind")
    if received := len(world.database.notifications.received):
        found.append(f"{received} notifications are RECEIVED")
    if waiting := world.database.deliveries.open:
        found.append(f"{waiting} deliveries are not final")
    if under_way := world.claims.under_way():
        found.append(f"{under_way} attempts are not recorded")
    found += [f"{name} has older rules than are in force" for name in world.rules_arrive.behind()]
    return found
