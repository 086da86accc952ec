"""The topology of the platform: which stage reads which topic in which group, and which worker runs it.

This table is the specification. Embedded mode runs all stages of `ALERT_WORKERS` in one process; each process of the
distributed mode runs those of one worker; the simulator and the playground draw their worlds from it, and the API
shows it. To add a stage, add it here.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Final

from alerting_core import limits
from alerting_core.ports import stream
from alerting_core.ports.clock import Clock
from alerting_core.ports.delivery import AbandonedLeases, DeliveryStore, NotificationStore, Presence, Transport
from alerting_core.ports.episodes import EpisodeStore
from alerting_core.ports.history import AlertLog
from alerting_core.ports.rule_distribution import RuleSource
from alerting_core.stages.batch import BatchReport, StageName, WorkerKind
from alerting_core.stages.consumers import Aggregator, Dispatcher, Evaluator, Recorder, Resolver
from alerting_core.stages.ends import EndTelling
from alerting_core.stages.episodes import EpisodeKeeper
from alerting_core.stages.loop import Failure, Stage
from alerting_core.stages.recover import Reclaimer, Sweeper
from alerting_core.stages.rule_distribution import Relay, RuleReconciler, RuleUpdater
from alerting_core.stages.rule_feed import RuleFeed
from alerting_core.stages.send import Sender
from alerting_core.stages.wiring import (
    AlertPorts,
    PlatformPorts,
    RulePorts,
    StageSpec,
    Tuning,
    WiredStage,
    run_side_by_side,
    wire,
)

RECORDER: Final[StageSpec[AlertPorts]] = StageSpec(
    name=StageName.RECORDER,
    does="Keeps alerts, so that they can be explained",
    reads=stream.ALERTS_NEW,
    group=stream.Group.RECORDER,
    make=lambda wiring: Recorder(
        wiring.input(),
        wiring.ports.alerts,
        wiring.ports.clock,
        records_max=wiring.tuning.records_max,
        wait_ms=wiring.tuning.wait_ms,
    ),
)

EPISODE_LOOK_EVERY_MS: Final = 1_000
"""Pause after a step that found nothing: an end is told later by as much, and a look is two small reads."""

EPISODE_KEEPER: Final[StageSpec[AlertPorts]] = StageSpec(
    name=StageName.EPISODE_KEEPER,
    does="Ends alerts that are not reported any more",
    reads="alert_episodes",
    idle_pause_ms=EPISODE_LOOK_EVERY_MS,
    make=lambda wiring: EpisodeKeeper(wiring.ports.episodes, wiring.ports.sink, wiring.ports.clock),
)

EVALUATOR: Final[StageSpec[AlertPorts]] = StageSpec(
    name=StageName.EVALUATOR,
    does="Matches alerts against the rules of all clients",
    reads=stream.ALERTS_NEW,
    group=stream.Group.EVALUATOR,
    is_on_path=True,
    make=lambda wiring: Evaluator(
        wiring.input(),
        RuleFeed(wiring.ports.rules, wiring.ports.clock),
        records_max=wiring.tuning.records_max,
        wait_ms=wiring.tuning.wait_ms,
        outputs_max=wiring.tuning.outputs_max,
    ),
)

AGGREGATOR: Final[StageSpec[AlertPorts]] = StageSpec(
    name=StageName.AGGREGATOR,
    does="Stores one notification per client and alert",
    reads=stream.ALERTS_MATCHED,
    group=stream.Group.AGGREGATOR,
    is_on_path=True,
    make=lambda wiring: Aggregator(
        wiring.input(),
        wiring.ports.notifications,
        wiring.ports.episodes,
        wiring.ports.clock,
        _end_telling(wiring.ports),
        records_max=wiring.tuning.records_max,
        wait_ms=wiring.tuning.wait_ms,
    ),
)

RESOLVER: Final[StageSpec[AlertPorts]] = StageSpec(
    name=StageName.RESOLVER,
    does="Stores a notification of the end for each client that was notified of the alert",
    reads=stream.ALERTS_NEW,
    group=stream.Group.RESOLVER,
    make=lambda wiring: Resolver(
        wiring.input(),
        _end_telling(wiring.ports),
        records_max=wiring.tuning.records_max,
        wait_ms=wiring.tuning.wait_ms,
    ),
)


def _end_telling(ports: AlertPorts) -> EndTelling:
    return EndTelling(ports.notifications, ports.sink, ports.clock)


DISPATCHER: Final[StageSpec[AlertPorts]] = StageSpec(
    name=StageName.DISPATCHER,
    does="Plans one delivery per target of a notification",
    reads=stream.NOTIFICATIONS_READY,
    group=stream.Group.SENDER,
    is_on_path=True,
    make=lambda wiring: Dispatcher(
        wiring.input(),
        wiring.ports.notifications,
        wiring.ports.deliveries,
        wiring.ports.clock,
        wiring.wakeup,
        wiring.tuning.placeholders,
        records_max=wiring.tuning.records_max,
        wait_ms=wiring.tuning.wait_ms,
    ),
)

SENDER: Final[StageSpec[AlertPorts]] = StageSpec(
    name=StageName.SENDER,
    does="Sends e-mails, Slack messages and webhooks, and tries again",
    reads="deliveries",
    is_on_path=True,
    make=lambda wiring: Sender(
        wiring.ports.deliveries,
        wiring.ports.transport,
        wiring.ports.clock,
        wiring.ports.presence.new_owner,
        policy=wiring.tuning.policy,
        wakeup=wiring.wakeup,
    ),
)

RECLAIMER: Final[StageSpec[AlertPorts]] = StageSpec(
    name=StageName.RECLAIMER,
    does="Hands on deliveries of senders that have ended",
    idle_pause_ms=limits.ABSENCE_LOOK_MS,
    make=lambda wiring: Reclaimer(
        wiring.ports.abandoned,
        wiring.ports.clock,
        own=wiring.ports.presence.sender,
        is_alone=wiring.tuning.is_alone,
        lease_ms=wiring.tuning.policy.lease_ms,
    ),
)

SWEEP_EVERY_MS: Final = 10_000
"""Pause between sweeps that found nothing; an unfinished notification is driven again within about 70 s."""

SWEEPER: Final[StageSpec[AlertPorts]] = StageSpec(
    name=StageName.SWEEPER,
    does="Picks up notifications that were left unfinished",
    idle_pause_ms=SWEEP_EVERY_MS,
    make=lambda wiring: Sweeper(
        wiring.ports.notifications,
        wiring.ports.deliveries,
        wiring.ports.sink,
        wiring.ports.clock,
        after_ms=wiring.tuning.sweep_after_ms,
    ),
)

RELAY_EVERY_MS: Final = 100
"""Pause after a step that found nothing: a part of the time until an edit counts, at the price of one small read."""

RELAY: Final[StageSpec[RulePorts]] = StageSpec(
    name=StageName.RELAY,
    does="Publishes changes of rules from the database",
    reads="outbox",
    idle_pause_ms=RELAY_EVERY_MS,
    make=lambda wiring: Relay(wiring.ports.outbox, wiring.ports.sink, wiring.ports.clock),
)

RULE_UPDATER: Final[StageSpec[RulePorts]] = StageSpec(
    name=StageName.RULE_UPDATER,
    does="Keeps the snapshot of rules that evaluators read",
    reads=stream.RULE_CHANGED,
    group=stream.Group.RULE_UPDATER,
    make=lambda wiring: RuleUpdater(
        wiring.input(),
        wiring.ports.rule_database,
        wiring.ports.snapshot,
        records_max=wiring.tuning.records_max,
        wait_ms=wiring.tuning.wait_ms,
        clients_max=wiring.tuning.rule_clients_max,
    ),
)

RECONCILE_EVERY_MS: Final = 1_000
"""Pause between two steps: a missing snapshot is noticed within it, and a pass over 1,000 clients takes a minute."""

RULE_RECONCILER: Final[StageSpec[RulePorts]] = StageSpec(
    name=StageName.RULE_RECONCILER,
    does="Compares the snapshot with the database, and repairs it",
    idle_pause_ms=RECONCILE_EVERY_MS,
    make=lambda wiring: RuleReconciler(
        wiring.ports.rule_database,
        wiring.ports.snapshot,
        wiring.ports.clock,
        wiring.ports.ids,
        clients_max=wiring.tuning.rule_clients_max,
    ),
)

ALERT_WORKERS: Final[dict[WorkerKind, tuple[StageSpec[AlertPorts], ...]]] = {
    WorkerKind.RECORDER: (RECORDER, EPISODE_KEEPER, RESOLVER),
    WorkerKind.EVALUATOR: (EVALUATOR,),
    WorkerKind.AGGREGATOR: (AGGREGATOR,),
    WorkerKind.SENDER: (DISPATCHER, SENDER, RECLAIMER, SWEEPER),
}
"""The workers that an alert meets."""

RULE_WORKERS: Final[dict[WorkerKind, tuple[StageSpec[RulePorts], ...]]] = {
    WorkerKind.RELAY: (RELAY,),
    WorkerKind.RULE_UPDATER: (RULE_UPDATER, RULE_RECONCILER),
}
"""The workers that an edited rule meets, where evaluators read a shared snapshot instead of the tables."""


def alert_stages() -> Sequence[StageSpec[AlertPorts]]:
    """Return the stages that an alert meets, worker by worker."""
    return list(chain.from_iterable(ALERT_WORKERS.values()))


def rule_stages() -> Sequence[StageSpec[RulePorts]]:
    """Return the stages that an edited rule meets, worker by worker."""
    return list(chain.from_iterable(RULE_WORKERS.values()))


def workers() -> Mapping[WorkerKind, Sequence[StageSpec[PlatformPorts]]]:
    """Return all workers with their stages."""
    return {**ALERT_WORKERS, **RULE_WORKERS}


def groups_of(specs: Iterable[StageSpec[Any]]) -> Mapping[str, str]:
    """Return consumer group → the topic that it reads."""
    return {spec.group: spec.reads for spec in specs if spec.group is not None and spec.reads is not None}


SOURCES: Final = tuple(dict.fromkeys(groups_of([*alert_stages(), *rule_stages()]).values()))
"""Every topic that a stage reads, in the order of the stages; each has a dead-letter topic beside it."""


@dataclass(frozen=True, slots=True)
class PipelinePorts:
    """Everything the pipeline asks of the world: `AlertPorts`, with each port in a field.

    Attributes:
        open_stream: Gives the stream of a topic for a consumer group.
        presence: Of this process, which is the only one at work.
    """

    open_stream: Callable[[str, str], stream.Stream]
    sink: stream.Sink
    rules: RuleSource
    alerts: AlertLog
    episodes: EpisodeStore
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
    def streams(self) -> Mapping[StageName, stream.Stream]:
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
