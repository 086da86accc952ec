"""All conductors, wired to one set of ports and run side by side until told to stop."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from alerting_core import limits
from alerting_core.pipeline.aggregate import Aggregator
from alerting_core.pipeline.deliver import Deliverer, DeliveryPolicy
from alerting_core.pipeline.dispatch import Dispatcher
from alerting_core.pipeline.evaluate import Evaluator
from alerting_core.pipeline.loop import Conductor, Failure
from alerting_core.pipeline.reclaim import Reclaimer
from alerting_core.pipeline.record import Recorder
from alerting_core.pipeline.report import BatchReport, Stage
from alerting_core.pipeline.rulefeed import RuleFeed
from alerting_core.pipeline.side_by_side import SWEEP_EVERY_MS, Running, run_side_by_side
from alerting_core.pipeline.sweep import Sweeper
from alerting_core.pipeline.timed import TimedStream
from alerting_core.pipeline.wakeup import Wakeup
from alerting_core.ports.alerts import AlertLog
from alerting_core.ports.clock import Clock
from alerting_core.ports.deliveries import DeliveryStore
from alerting_core.ports.notifications import NotificationStore
from alerting_core.ports.presence import AbandonedLeases, Presence
from alerting_core.ports.rules import RuleSource
from alerting_core.ports.stream import (
    AGGREGATOR_GROUP,
    ALERTS_MATCHED,
    ALERTS_NEW,
    EVALUATOR_GROUP,
    NOTIFICATIONS_READY,
    RECORDER_GROUP,
    SENDER_GROUP,
    Sink,
    Stream,
)
from alerting_core.ports.transport import Transport
from alerting_core.stages.hosts import PLACEHOLDER_DOMAINS


@dataclass(frozen=True, slots=True)
class PipelinePorts:
    """Everything the pipeline asks of the world.

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
    """One instance of every conductor.

    Attributes:
        rules: The rules as the evaluator has them, for readiness and metrics.
        streams: By the stage that reads it, for lag.
        conductors: By stage.
    """

    def __init__(
        self,
        ports: PipelinePorts,
        *,
        policy: DeliveryPolicy,
        placeholders: Collection[str] = PLACEHOLDER_DOMAINS,
        wait_ms: int = limits.POLL_WAIT_MS,
    ) -> None:
        """Wire one of each.

        Args:
            ports: What they stand on.
            policy: Of the deliverer.
            placeholders: Domains never contacted.
            wait_ms: How long a conductor without records waits for some.
        """
        bell, self._clock = Wakeup(), ports.clock
        self.rules = RuleFeed(ports.rules, ports.clock)
        self.deliverer = Deliverer(
            ports.deliveries, ports.transport, ports.clock, ports.presence.new_owner, policy=policy, bell=bell
        )
        self.streams = {
            Stage.RECORDER: TimedStream(ports.open_stream(ALERTS_NEW, RECORDER_GROUP), ports.clock),
            Stage.EVALUATOR: TimedStream(ports.open_stream(ALERTS_NEW, EVALUATOR_GROUP), ports.clock),
            Stage.AGGREGATOR: TimedStream(ports.open_stream(ALERTS_MATCHED, AGGREGATOR_GROUP), ports.clock),
            Stage.DISPATCHER: TimedStream(ports.open_stream(NOTIFICATIONS_READY, SENDER_GROUP), ports.clock),
        }
        self.conductors: dict[Stage, Conductor] = {
            Stage.RECORDER: Recorder(self.streams[Stage.RECORDER], ports.alerts, ports.clock, wait_ms=wait_ms),
            Stage.EVALUATOR: Evaluator(self.streams[Stage.EVALUATOR], self.rules, wait_ms=wait_ms),
            Stage.AGGREGATOR: Aggregator(
                self.streams[Stage.AGGREGATOR], ports.notifications, ports.clock, wait_ms=wait_ms
            ),
            Stage.DISPATCHER: Dispatcher(
                self.streams[Stage.DISPATCHER],
                ports.notifications,
                ports.deliveries,
                ports.clock,
                bell,
                placeholders,
                wait_ms=wait_ms,
            ),
            Stage.DELIVERER: self.deliverer,
            Stage.RECLAIMER: Reclaimer(ports.abandoned, ports.clock, own=ports.presence.sender, is_alone=True),
            Stage.SWEEPER: Sweeper(ports.notifications, ports.deliveries, ports.sink, ports.clock),
        }

    async def run(
        self,
        *,
        stop: asyncio.Event,
        on_report: Callable[[BatchReport], None],
        on_failure: Callable[[Stage, Failure], None],
    ) -> None:
        """Run all conductors until *stop* is set, then let the deliveries under way end.

        An exception that is no retryable `AlertingError` is a bug: it ends all of them and is raised.
        """
        conductors = [self._running(stage, conductor) for stage, conductor in self.conductors.items()]
        await run_side_by_side(conductors, clock=self._clock, stop=stop, on_report=on_report, on_failure=on_failure)

    def _running(self, stage: Stage, conductor: Conductor) -> Running:
        pause_ms = _PAUSES_MS.get(stage, 0)
        drain = self.deliverer.drain if stage is Stage.DELIVERER else None
        return Running(stage, conductor, idle_pause_ms=pause_ms, drain=drain, stream=self.streams.get(stage))


_PAUSES_MS: Final = {Stage.RECLAIMER: limits.ABSENCE_LOOK_MS, Stage.SWEEPER: SWEEP_EVERY_MS}
"""After a step that found nothing, of those that do not wait themselves."""
