"""What one worker process runs: the stages of its kind, from the topology, and what belongs to them.

The janitor runs beside the recorder: it is the one worker that no alert waits for.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from alerting_backend.adapters.kafka.stream import KafkaStream
from alerting_backend.adapters.postgres.retention import PgRetention
from alerting_backend.runtime.janitor import Janitor, Retention
from alerting_backend.wiring.checks import rules_check
from alerting_backend.wiring.delivery import delivery_policy
from alerting_backend.workers.dependencies import Dependency
from alerting_backend.workers.ports import WorkerPorts
from alerting_backend.workers.resources import Resources
from alerting_core.app.readiness import ReadinessCheck
from alerting_core.errors import AlertingError
from alerting_core.pipeline.evaluate import Evaluator
from alerting_core.pipeline.report import WorkerKind
from alerting_core.pipeline.wiring import Tuning, WiredStage, wire
from alerting_core.topology import workers

_K, _P, _R = Dependency.KAFKA, Dependency.POSTGRES, Dependency.REDIS

NEEDS: Final[Mapping[WorkerKind, Sequence[Dependency]]] = {
    WorkerKind.RECORDER: (_K, _P),
    WorkerKind.EVALUATOR: (_K, _R),
    WorkerKind.AGGREGATOR: (_K, _P),
    WorkerKind.SENDER: (_K, _P),
    WorkerKind.RELAY: (_K, _P),
    WorkerKind.RULE_UPDATER: (_K, _P, _R),
}


class NotInGroup(AlertingError):
    """The consumer has no share of the partitions at present."""

    code: ClassVar[str] = "not-in-group"


@dataclass(frozen=True, slots=True)
class Worker:
    """What one process runs.

    Attributes:
        checks: Of the worker itself, beside those of its dependencies.
        beside: What else runs until it is told to stop.
    """

    stages: Sequence[WiredStage]
    checks: Mapping[str, ReadinessCheck]
    beside: Sequence[Callable[[asyncio.Event], Awaitable[None]]] = ()


async def make_worker(kind: WorkerKind, resources: Resources) -> Worker:
    """Put together what a worker of this kind runs."""
    ports, settings = WorkerPorts(resources), resources.settings
    if kind is WorkerKind.SENDER:
        await ports.open_sending()
    tuning = Tuning(policy=delivery_policy(settings), placeholders=settings.placeholder_domains)
    stages = wire(workers()[kind], ports, tuning)
    return Worker(stages, _checks(stages, ports.streams), _beside(kind, resources))


def _checks(stages: Sequence[WiredStage], streams: Sequence[KafkaStream]) -> Mapping[str, ReadinessCheck]:
    async def in_group() -> None:
        if any(stream.rebalancing for stream in streams):
            raise NotInGroup("the consumer has no share of the partitions at present")

    checks: dict[str, ReadinessCheck] = {"group": in_group} if streams else {}
    for one in stages:
        if isinstance(one.stage, Evaluator):
            checks["rules"] = rules_check(one.stage.rules)
    return checks


def _beside(kind: WorkerKind, resources: Resources) -> Sequence[Callable[[asyncio.Event], Awaitable[None]]]:
    if kind is not WorkerKind.RECORDER:
        return ()
    retention = PgRetention(resources.pool, has_relay=True)
    return [Janitor(retention, resources.clock, Retention.of(resources.settings)).run]
