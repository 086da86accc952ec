"""How large a world is, which workers are in it, and how they go about it: drawn by the seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from alerting_core import limits
from alerting_core.pipeline.deliver import DeliveryPolicy
from alerting_core.pipeline.report import StageName, WorkerKind
from alerting_core.pipeline.wiring import PlatformPorts, StageSpec, Tuning
from alerting_core.stages.retry import RetrySchedule
from alerting_core.topology import ALERT_WORKERS, alert_stages, rule_stages


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """A process of a world: which machine it runs on, and which stages it runs."""

    name: str
    machine: str
    stages: Sequence[StageSpec[PlatformPorts]]


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


def draw_workers(dice: Random) -> list[WorkerSpec]:
    """Draw the workers that an alert meets: one process that does everything, two of them, or several of each kind."""
    drawn: list[tuple[str, Sequence[StageSpec[PlatformPorts]]]]
    if dice.random() < 0.25:
        drawn = [(f"whole-{n}", alert_stages()) for n in range(dice.randint(1, 2))]
    else:
        drawn = [
            (f"{kind}-{number}", stages)
            for kind, stages in ALERT_WORKERS.items()
            for number in range(1 if kind is WorkerKind.RECORDER else dice.randint(1, 3))
        ]
    machines = dice.randint(1, 3)
    return [WorkerSpec(name, f"m{dice.randrange(machines)}", stages) for name, stages in drawn]


def draw_rule_workers(dice: Random, machines: list[str]) -> list[WorkerSpec]:
    """Draw who carries edited rules to the evaluators; nobody where they read the tables themselves."""
    if dice.random() < 0.5:
        return []
    return [WorkerSpec(f"rule-updater-{n}", dice.choice(machines), rule_stages()) for n in range(dice.randint(1, 2))]


def draw_tuning(dice: Random, schedule: RetrySchedule) -> Tuning:
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
    return Tuning(
        sweep_after_ms=3_000 if hasty else limits.SWEEP_AFTER_MS,
        idle_pauses_ms={StageName.SWEEPER: 2_000} if hasty else {},
        records_max=dice.choice((1, 3, 20, 500)),
        outputs_max=dice.choice((1, 4, 1_000)),
        wait_ms=dice.choice((500, 20_000)),
        policy=policy,
        rule_clients_max=1,
    )
