"""How large a world is, who works in it, and how they go about it: drawn by the seed."""

from dataclasses import dataclass
from random import Random
from typing import Final

from alerting_core import limits
from alerting_core.pipeline.deliver import DeliveryPolicy
from alerting_core.pipeline.report import Stage
from alerting_core.sim.wiring import Habits, Place
from alerting_core.stages.retry import RetrySchedule

SWEEP_EVERY_MS: Final = 10_000

DISTRIBUTION: Final = (Stage.RELAY, Stage.RULE_UPDATER, Stage.RULE_RECONCILER)
"""What carries edited rules into the shared snapshot, where evaluators do not read them from the tables."""

TEAMS: Final[dict[str, tuple[Stage, ...]]] = {
    "recorder": (Stage.RECORDER,),
    "evaluator": (Stage.EVALUATOR,),
    "aggregator": (Stage.AGGREGATOR,),
    "sender": (Stage.DISPATCHER, Stage.DELIVERER, Stage.RECLAIMER, Stage.SWEEPER),
}
"""Which stages the processes of a platform in parts run."""

WHOLE: Final = tuple(stage for stages in TEAMS.values() for stage in stages)
"""What a process does that does everything."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is in a world."""

    clients: int
    rules: int
    endpoints: int
    alerts: int
    traffic_ms: int

    @classmethod
    def drawn(cls, dice: Random) -> "Size":
        """Draw a small world: what can go wrong with a thousand alerts can go wrong with fifty."""
        return cls(
            clients=dice.randint(1, 5),
            rules=dice.randint(1, 4),
            endpoints=dice.randint(1, 3),
            alerts=dice.randint(8, 60),
            traffic_ms=dice.randint(5_000, 50_000),
        )


def draw_places(dice: Random) -> list[Place]:
    """Draw who works: one process that does everything, two of them, or several for each stage."""
    if dice.random() < 0.25:
        jobs = [(f"whole-{n}", WHOLE) for n in range(dice.randint(1, 2))]
    else:
        jobs = [
            (f"{team}-{number}", stages)
            for team, stages in TEAMS.items()
            for number in range(1 if team == "recorder" else dice.randint(1, 3))
        ]
    machines = dice.randint(1, 3)
    return [Place(name, f"m{dice.randrange(machines)}", stages) for name, stages in jobs]


def draw_distributors(dice: Random, machines: list[str]) -> list[Place]:
    """Draw who carries edited rules to the evaluators; nobody where they read the tables themselves."""
    if dice.random() < 0.5:
        return []
    return [Place(f"rule-updater-{n}", dice.choice(machines), DISTRIBUTION) for n in range(dice.randint(1, 2))]


def draw_habits(dice: Random, schedule: RetrySchedule) -> Habits:
    """Draw small batches and large ones, short waits and long ones."""
    policy = DeliveryPolicy(
        schedule=schedule,
        held_max=dice.choice((4, 64, limits.HELD_CLAIMS_MAX)),
        claim_max=dice.choice((1, 3, 50)),
        per_host_claim_max=dice.choice((1, 2, 64)),
        per_host_sending_max=dice.choice((1, 2, limits.HOST_CONCURRENCY_MAX)),
        idle_wait_ms=5_000,
    )
    hasty = dice.random() < 0.5  # Sweeps so early that they meet work which is only late.
    return Habits(
        sweep_after_ms=3_000 if hasty else limits.SWEEP_AFTER_MS,
        sweep_every_ms=2_000 if hasty else SWEEP_EVERY_MS,
        records_max=dice.choice((1, 3, 20, 500)),
        outputs_max=dice.choice((1, 4, 1_000)),
        wait_ms=dice.choice((500, 20_000)),
        policy=policy,
    )
