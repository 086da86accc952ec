"""How stages are put together, what they may ask of the world, and how several run side by side."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from alerting_core import limits
from alerting_core.delivery.hosts import PLACEHOLDER_DOMAINS
from alerting_core.errors import AlertingError
from alerting_core.ports.clock import Clock, IdSource
from alerting_core.ports.delivery import AbandonedLeases, DeliveryStore, NotificationStore, Presence, Transport
from alerting_core.ports.episodes import EpisodeStore
from alerting_core.ports.history import AlertLog
from alerting_core.ports.rule_distribution import Outbox, RuleDatabase, RuleSnapshotStore, RuleSource
from alerting_core.ports.stream import Sink, Stream
from alerting_core.stages.batch import BatchReport, StageName, TimedStream
from alerting_core.stages.loop import DrainableStage, Failure, Stage, Wakeup, run_steps
from alerting_core.stages.send import DeliveryPolicy


class StreamPorts(Protocol):
    """What every stage may ask of the world."""

    def open_stream(self, topic: str, group: str, /) -> Stream:
        """Return the stream of *topic* for a consumer of *group*."""
        ...

    @property
    def sink(self) -> Sink:
        """Where records are published that follow from no record."""
        ...

    @property
    def clock(self) -> Clock:
        """The time of this process."""
        ...


class AlertPorts(StreamPorts, Protocol):
    """What the stages that an alert meets ask of the world."""

    @property
    def rules(self) -> RuleSource:
        """Where evaluators read the rules."""
        ...

    @property
    def alerts(self) -> AlertLog:
        """The recent alerts."""
        ...

    @property
    def episodes(self) -> EpisodeStore:
        """The episodes of alerts with a life."""
        ...

    @property
    def notifications(self) -> NotificationStore:
        """The notifications."""
        ...

    @property
    def deliveries(self) -> DeliveryStore:
        """The deliveries and their attempts."""
        ...

    @property
    def transport(self) -> Transport:
        """What carries messages to endpoints."""
        ...

    @property
    def presence(self) -> Presence:
        """The sign of life of this process's sender."""
        ...

    @property
    def abandoned(self) -> AbandonedLeases:
        """The leases of senders that are gone."""
        ...


class RulePorts(StreamPorts, Protocol):
    """What the stages ask of the world that carry edited rules into the shared snapshot."""

    @property
    def outbox(self) -> Outbox:
        """The changes of rules that were committed."""
        ...

    @property
    def rule_database(self) -> RuleDatabase:
        """The rules in the database of record."""
        ...

    @property
    def snapshot(self) -> RuleSnapshotStore:
        """The shared snapshot."""
        ...

    @property
    def ids(self) -> IdSource:
        """Names that nobody else has."""
        ...


class PlatformPorts(AlertPorts, RulePorts, Protocol):
    """What all stages together ask of the world."""


P = TypeVar("P", bound=StreamPorts)
P_co = TypeVar("P_co", bound=StreamPorts, covariant=True)
P_contra = TypeVar("P_contra", bound=StreamPorts, contravariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """How the stages of a process go about their work.

    Attributes:
        records_max: Records taken by one poll.
        outputs_max: Records published by one commit of an evaluator.
        wait_ms: How long a stage without records waits for some.
        sweep_after_ms: Age from which a notification counts as left unfinished.
        rule_clients_max: Clients whose rules are read at once.
        policy: Of the sender.
        placeholders: Domains never contacted.
        is_alone: Whether no other process works on the same store.
        idle_pauses_ms: Pauses that differ from those of the table.
    """

    records_max: int = limits.POLL_RECORDS_MAX
    outputs_max: int = limits.OUTPUTS_PER_COMMIT_MAX
    wait_ms: int = limits.POLL_WAIT_MS
    sweep_after_ms: int = limits.SWEEP_AFTER_MS
    rule_clients_max: int = limits.RULE_CLIENTS_AT_ONCE_MAX
    policy: DeliveryPolicy = field(default_factory=DeliveryPolicy)
    placeholders: Collection[str] = PLACEHOLDER_DOMAINS
    is_alone: bool = False
    idle_pauses_ms: Mapping[StageName, int] = field(default_factory=dict[StageName, int])


@dataclass(frozen=True, slots=True)
class Wiring(Generic[P_co]):
    """What one stage is made from.

    Attributes:
        wakeup: Shared by the stages of a process.
        stream: What the stage reads; None for one that is in no group.
    """

    ports: P_co
    tuning: Tuning
    wakeup: Wakeup
    stream: Stream | None = None

    def input(self) -> Stream:
        """Return what the stage reads."""
        assert self.stream is not None, "a stage that reads records is in a group"
        return self.stream


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSpec(Generic[P_contra]):
    """How one stage is wired.

    Attributes:
        does: For people.
        make: Makes the stage.
        reads: Where its work waits: a topic for a stage in a group, else a table; None for one that looks for what
            others left undone.
        group: The consumer group in which it reads.
        idle_pause_ms: After a step that found nothing, of a stage that does not wait itself.
        is_on_path: Whether alerts wait for it; the others work beside their path.
    """

    name: StageName
    does: str
    make: Callable[[Wiring[P_contra]], Stage]
    reads: str | None = None
    group: str | None = None
    idle_pause_ms: int = 0
    is_on_path: bool = False

    @property
    def topic(self) -> str | None:
        """The topic that it reads, if it reads one."""
        return None if self.group is None else self.reads


@dataclass(frozen=True, slots=True)
class WiredStage:
    """A stage that is ready to run.

    Attributes:
        clock: Measures how long its steps take.
        idle_pause_ms: After a step that found nothing.
        stream: What it reads, which knows how long it waited for records.
    """

    name: StageName
    stage: Stage
    clock: Clock
    idle_pause_ms: int = 0
    stream: TimedStream | None = None


def wire(specs: Iterable[StageSpec[P]], ports: P, tuning: Tuning) -> Sequence[WiredStage]:
    """Make the stages of one process."""
    wakeup = Wakeup()
    return [_wired(spec, ports, tuning, wakeup) for spec in specs]


def _wired(spec: StageSpec[P], ports: P, tuning: Tuning, wakeup: Wakeup) -> WiredStage:
    stream = None
    if spec.group is not None:
        assert spec.reads is not None, "a group reads a topic"
        stream = TimedStream(ports.open_stream(spec.reads, spec.group), ports.clock)
    stage = spec.make(Wiring(ports, tuning, wakeup, stream))
    return WiredStage(spec.name, stage, ports.clock, tuning.idle_pauses_ms.get(spec.name, spec.idle_pause_ms), stream)


async def run_side_by_side(
    stages: Iterable[WiredStage],
    *,
    stop: asyncio.Event,
    on_report: Callable[[BatchReport], None],
    on_failure: Callable[[StageName, Failure], None],
) -> None:
    """Run all *stages* until *stop* is set, then let what they have under way end.

    An exception that is no retryable `AlertingError` is a bug: it ends all of them and is raised.
    """
    async with asyncio.TaskGroup() as tasks:
        for one in stages:
            tasks.create_task(_run_one(one, stop, on_report, on_failure), name=one.name)


async def _run_one(
    one: WiredStage,
    stop: asyncio.Event,
    on_report: Callable[[BatchReport], None],
    on_failure: Callable[[StageName, Failure], None],
) -> None:
    def failed(failure: Failure) -> None:
        on_failure(one.name, failure)

    timing: dict[str, Callable[[], float]] = {}
    if one.stream is not None:
        timing["take_waited_ms"] = one.stream.take_waited_ms
    await run_steps(
        one.stage,
        clock=one.clock,
        stop=stop,
        on_report=on_report,
        on_failure=failed,
        idle_pause_ms=one.idle_pause_ms,
        **timing,
    )
    if not isinstance(one.stage, DrainableStage):
        return
    try:
        on_report(await one.stage.drain())
    except AlertingError as error:
        # What was sent and could not be recorded is sent again when its lease has ended: at least once.
        if not error.retryable:
            raise
        failed(Failure(error, in_a_row=1, pause_ms=0))
