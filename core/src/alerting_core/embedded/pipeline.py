"""All stages that an alert meets, wired to one set of ports and run side by side until they are told to stop."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from alerting_core.ports.clock import Clock
from alerting_core.ports.delivery import AbandonedLeases, DeliveryStore, NotificationStore, Presence, Transport
from alerting_core.ports.history import AlertLog
from alerting_core.ports.rule_distribution import RuleSource
from alerting_core.ports.stream import Sink, Stream
from alerting_core.stages.batch import BatchReport, StageName
from alerting_core.stages.evaluate import Evaluator, RuleFeed
from alerting_core.stages.loop import Failure, Stage
from alerting_core.stages.wiring import Tuning, WiredStage, run_side_by_side, wire
from alerting_core.topology import alert_stages


@dataclass(frozen=True, slots=True)
class PipelinePorts:
    """Everything the pipeline asks of the world: `AlertPorts`, with each port in a field.

    Attributes:
        open_stream: Gives the stream of a topic for a consumer group.
        presence: Of this process, which is the only one at work.
    """

    open_stream: Callable[[str, str], Stream]
    sink: Sink
    rules: RuleSource
    alerts: AlertLog
    notifications: NotificationStore
    deliveries: DeliveryStore
    transport: Transport
    clock: Clock
    presence: Presence
    abandoned: AbandonedLeases


class Pipeline:
    """One instance of every stage that an alert meets.

    Attributes:
        stages: In the order of the topology.
    """

    stages: Sequence[WiredStage]

    def __init__(self, ports: PipelinePorts, tuning: Tuning) -> None:
        """Wire one of each to *ports*; whatever *tuning* says, no other process works on them."""
        self.stages = wire(alert_stages(), ports, replace(tuning, is_alone=True))

    @property
    def by_name(self) -> Mapping[StageName, Stage]:
        """The stages by their names."""
        return {one.name: one.stage for one in self.stages}

    @property
    def rules(self) -> RuleFeed:
        """The rules as the evaluator has them."""
        evaluator = self.by_name[StageName.EVALUATOR]
        assert isinstance(evaluator, Evaluator)
        return evaluator.rules

    @property
    def streams(self) -> Mapping[StageName, Stream]:
        """The streams by the stages that read them."""
        return {one.name: one.stream for one in self.stages if one.stream is not None}

    async def run(
        self,
        *,
        stop: asyncio.Event,
        on_report: Callable[[BatchReport], None],
        on_failure: Callable[[StageName, Failure], None],
    ) -> None:
        """Run all stages until *stop* is set, then let the deliveries under way end.

        An exception that is no retryable `AlertingError` is a bug: it ends all of them and is raised.
        """
        await run_side_by_side(self.stages, stop=stop, on_report=on_report, on_failure=on_failure)
