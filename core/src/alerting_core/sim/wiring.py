"""How the conductors of a process are wired, and how they go about it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from alerting_core.pipeline.aggregate import Aggregator
from alerting_core.pipeline.deliver import Deliverer, DeliveryPolicy
from alerting_core.pipeline.dispatch import Dispatcher
from alerting_core.pipeline.evaluate import Evaluator
from alerting_core.pipeline.loop import Conductor
from alerting_core.pipeline.reclaim import Reclaimer
from alerting_core.pipeline.reconcile_rules import RuleReconciler
from alerting_core.pipeline.record import Recorder
from alerting_core.pipeline.relay import Relay
from alerting_core.pipeline.report import Stage
from alerting_core.pipeline.rulefeed import RuleFeed
from alerting_core.pipeline.sweep import Sweeper
from alerting_core.pipeline.update_rules import RuleUpdater
from alerting_core.pipeline.wakeup import Wakeup
from alerting_core.ports.alerts import AlertLog
from alerting_core.ports.clock import Clock
from alerting_core.ports.deliveries import DeliveryStore
from alerting_core.ports.ids import IdSource
from alerting_core.ports.notifications import NotificationStore
from alerting_core.ports.outbox import Outbox
from alerting_core.ports.presence import AbandonedLeases, Presence
from alerting_core.ports.rule_origin import RuleOrigin
from alerting_core.ports.rule_snapshot import RuleSnapshotStore
from alerting_core.ports.rules import RuleSource
from alerting_core.ports.stream import (
    AGGREGATOR_GROUP,
    EVALUATOR_GROUP,
    RECORDER_GROUP,
    RULE_UPDATER_GROUP,
    SENDER_GROUP,
    Sink,
    Stream,
)
from alerting_core.ports.transport import Transport


@dataclass(frozen=True, slots=True)
class Ports:
    """What one process asks of the world; `open_stream` takes a consumer group."""

    open_stream: Callable[[str], Stream]
    sink: Sink
    rules: RuleSource
    alerts: AlertLog
    notifications: NotificationStore
    deliveries: DeliveryStore
    transport: Transport
    clock: Clock
    presence: Presence
    abandoned: AbandonedLeases
    outbox: Outbox
    origin: RuleOrigin
    snapshot: RuleSnapshotStore
    ids: IdSource


@dataclass(frozen=True, slots=True)
class Place:
    """Where a process runs, and what it does."""

    name: str
    machine: str
    stages: Sequence[Stage]


@dataclass(frozen=True, slots=True)
class Habits:
    """How the processes of a world go about it: batches and waits."""

    records_max: int
    outputs_max: int
    wait_ms: int
    sweep_after_ms: int
    sweep_every_ms: int
    policy: DeliveryPolicy
    rule_clients_max: int = 1


def make_conductors(ports: Ports, habits: Habits) -> dict[Stage, Callable[[], Conductor]]:
    """Return how each stage is wired; only those that a process runs are made."""
    bell = Wakeup()
    most, wait = habits.records_max, habits.wait_ms
    notifications, deliveries, clock = ports.notifications, ports.deliveries, ports.clock
    return {
        Stage.RECORDER: lambda: Recorder(
            ports.open_stream(RECORDER_GROUP), ports.alerts, clock, records_max=most, wait_ms=wait
        ),
        Stage.EVALUATOR: lambda: Evaluator(
            ports.open_stream(EVALUATOR_GROUP),
            RuleFeed(ports.rules, clock),
            records_max=most,
            wait_ms=wait,
            outputs_max=habits.outputs_max,
        ),
        Stage.AGGREGATOR: lambda: Aggregator(
            ports.open_stream(AGGREGATOR_GROUP), notifications, clock, records_max=most, wait_ms=wait
        ),
        Stage.DISPATCHER: lambda: Dispatcher(
            ports.open_stream(SENDER_GROUP),
            notifications,
            deliveries,
            clock,
            bell,
            records_max=most,
            wait_ms=wait,
        ),
        Stage.DELIVERER: lambda: Deliverer(
            deliveries, ports.transport, clock, ports.presence.new_owner, policy=habits.policy, bell=bell
        ),
        Stage.RECLAIMER: lambda: Reclaimer(
            ports.abandoned, clock, own=ports.presence.sender, lease_ms=habits.policy.lease_ms
        ),
        Stage.SWEEPER: lambda: Sweeper(notifications, deliveries, ports.sink, clock, after_ms=habits.sweep_after_ms),
        Stage.RELAY: lambda: Relay(ports.outbox, ports.sink, clock),
        Stage.RULE_UPDATER: lambda: RuleUpdater(
            ports.open_stream(RULE_UPDATER_GROUP),
            ports.origin,
            ports.snapshot,
            records_max=most,
            wait_ms=wait,
            clients_max=habits.rule_clients_max,
        ),
        Stage.RULE_RECONCILER: lambda: RuleReconciler(
            ports.origin, ports.snapshot, clock, ports.ids, clients_max=habits.rule_clients_max
        ),
    }
