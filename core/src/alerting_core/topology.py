"""The topology of the platform: which stage reads which topic in which group, and which worker runs it.

This table is the specification. Embedded mode runs all stages of `ALERT_WORKERS` in one process; each process of the
distributed mode runs those of one worker; the simulator and the playground draw their worlds from it, and the API
shows it. To add a stage, add it here.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Final

from alerting_core import limits
from alerting_core.ports.stream import (
    AGGREGATOR_GROUP,
    ALERTS_MATCHED,
    ALERTS_NEW,
    EVALUATOR_GROUP,
    NOTIFICATIONS_READY,
    RECORDER_GROUP,
    RULE_CHANGED,
    RULE_UPDATER_GROUP,
    SENDER_GROUP,
)
from alerting_core.stages.attempts import Reclaimer
from alerting_core.stages.batch import StageName, WorkerKind
from alerting_core.stages.evaluate import Evaluator, Recorder, RuleFeed
from alerting_core.stages.notify import SWEEP_EVERY_MS, Aggregator, Dispatcher, Sweeper
from alerting_core.stages.rule_distribution import (
    RECONCILE_EVERY_MS,
    RELAY_EVERY_MS,
    Relay,
    RuleReconciler,
    RuleUpdater,
)
from alerting_core.stages.send import Sender
from alerting_core.stages.wiring import AlertPorts, PlatformPorts, RulePorts, StageSpec

RECORDER: Final[StageSpec[AlertPorts]] = StageSpec(
    name=StageName.RECORDER,
    does="Keeps alerts, so that they can be explained",
    reads=ALERTS_NEW,
    group=RECORDER_GROUP,
    make=lambda wiring: Recorder(
        wiring.input(),
        wiring.ports.alerts,
        wiring.ports.clock,
        records_max=wiring.tuning.records_max,
        wait_ms=wiring.tuning.wait_ms,
    ),
)

EVALUATOR: Final[StageSpec[AlertPorts]] = StageSpec(
    name=StageName.EVALUATOR,
    does="Matches alerts against the rules of all clients",
    reads=ALERTS_NEW,
    group=EVALUATOR_GROUP,
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
    reads=ALERTS_MATCHED,
    group=AGGREGATOR_GROUP,
    is_on_path=True,
    make=lambda wiring: Aggregator(
        wiring.input(),
        wiring.ports.notifications,
        wiring.ports.clock,
        records_max=wiring.tuning.records_max,
        wait_ms=wiring.tuning.wait_ms,
    ),
)

DISPATCHER: Final[StageSpec[AlertPorts]] = StageSpec(
    name=StageName.DISPATCHER,
    does="Plans one delivery per target of a notification",
    reads=NOTIFICATIONS_READY,
    group=SENDER_GROUP,
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
    reads=RULE_CHANGED,
    group=RULE_UPDATER_GROUP,
    make=lambda wiring: RuleUpdater(
        wiring.input(),
        wiring.ports.rule_database,
        wiring.ports.snapshot,
        records_max=wiring.tuning.records_max,
        wait_ms=wiring.tuning.wait_ms,
        clients_max=wiring.tuning.rule_clients_max,
    ),
)

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
    WorkerKind.RECORDER: (RECORDER,),
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
