"""What requests are answered from: use cases and ports, put together by the session."""

from dataclasses import dataclass

from alerting_core.app.application import Application
from alerting_core.app.jobs import GeneratorJobs
from alerting_core.ports.alerts import AlertLog
from alerting_core.ports.clock import Clock
from alerting_core.ports.idempotency import IdempotencyStore
from alerting_core.ports.metrics import StageMetrics


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that a request may need. Routes know no adapter."""

    use: Application
    clock: Clock
    idempotency: IdempotencyStore
    alerts: AlertLog
    jobs: GeneratorJobs
    stages: StageMetrics
