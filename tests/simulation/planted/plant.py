"""How a world is made of something else."""

from collections.abc import Callable
from dataclasses import replace

from alerting_core.ports.delivery import DeliveryStore
from alerting_core.sim.platform import Parts, SimPorts
from alerting_core.stages.batch import StageName
from alerting_core.stages.loop import Stage
from alerting_core.stages.wiring import StageSpec, Wiring

SimWiring = Wiring[SimPorts]


def with_stage(name: StageName, make: Callable[[SimWiring], Stage]) -> Parts:
    """Return parts in which another stage does the work of one."""
    return with_stages({name: make})


def with_stages(makes: dict[StageName, Callable[[SimWiring], Stage]]) -> Parts:
    """Return parts in which other stages do the work of some."""

    def stage(spec: StageSpec[SimPorts]) -> StageSpec[SimPorts]:
        return replace(spec, make=makes.get(spec.name, spec.make))

    return Parts(stage=stage)


def with_wiring(change: Callable[[SimWiring], SimWiring], *names: StageName) -> Parts:
    """Return parts in which some stages, or all when none is named, are made from something else."""

    def stage(spec: StageSpec[SimPorts]) -> StageSpec[SimPorts]:
        if names and spec.name not in names:
            return spec
        return replace(spec, make=lambda wiring: spec.make(change(wiring)))

    return Parts(stage=stage)


def loose_jitter(wiring: SimWiring) -> SimWiring:
    """Spread waits too far."""
    policy = wiring.tuning.policy
    loose = replace(policy, schedule=replace(policy.schedule, jitter_percent=50))
    return replace(wiring, tuning=replace(wiring.tuning, policy=loose))


def with_deliveries(store: Callable[..., DeliveryStore]) -> Parts:
    """Return parts with another store of deliveries."""
    return Parts(deliveries=store)
