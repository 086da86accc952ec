"""How a world is made of something else."""

from collections.abc import Callable
from dataclasses import replace

from alerting_core.pipeline.loop import Conductor
from alerting_core.pipeline.report import Stage
from alerting_core.ports.deliveries import DeliveryStore
from alerting_core.sim.parts import Parts
from alerting_core.sim.wiring import Habits, Ports, make_conductors

Make = Callable[[], Conductor]


def with_ports(change: Callable[[Ports], Ports], *stages: Stage) -> Parts:
    """Return parts in which the conductors of *stages* see changed ports."""

    def conductors(ports: Ports, habits: Habits) -> dict[Stage, Make]:
        changed = make_conductors(change(ports), habits)
        return make_conductors(ports, habits) | {stage: changed[stage] for stage in stages}

    return Parts(conductors=conductors)


def with_conductor(stage: Stage, make: Callable[[Ports, Habits], Conductor]) -> Parts:
    """Return parts in which one stage is done by another conductor."""

    def conductors(ports: Ports, habits: Habits) -> dict[Stage, Make]:
        return make_conductors(ports, habits) | {stage: lambda: make(ports, habits)}

    return Parts(conductors=conductors)


def loose_jitter(ports: Ports, habits: Habits) -> dict[Stage, Make]:
    """Wire conductors that spread their waits too far."""
    schedule = replace(habits.policy.schedule, jitter_percent=50)
    return make_conductors(ports, replace(habits, policy=replace(habits.policy, schedule=schedule)))


def with_deliveries(store: Callable[..., DeliveryStore]) -> Parts:
    """Return parts with another store of deliveries."""
    return Parts(deliveries=store)
