"""The way of every call from a process to a port: late, lost or refused; and what is noticed of each, in one table."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar, cast

from alerting_core.domain.claim import Claim, Outcome
from alerting_core.errors import PortUnavailable
from alerting_core.memory.database import DeliveryRow
from alerting_core.ports.rule_distribution import RuleChanges, RuleSnapshot
from alerting_core.sim.facts import Claimed, Process, Recorded, Refused, Released, RulesRead, TakenBack
from alerting_core.sim.faults import Point, Resource, dice_for, happens, wait_ms
from alerting_core.sim.simulation import Simulation

T = TypeVar("T")

LATENCY_MS_MEAN: Final = 6.0
"""Of one way to a port, when it takes any time: half of them are over in the same instant."""

SLOW_MS_MEAN: Final = 25_000.0
"""Of a slow call: most end within a lease, some after it."""

LOST_IN_OUTAGE: Final = 0.2
"""How often a call into an outage still has its effect: the resource went away between the effect and the answer."""


class Gate:
    """One process's way to the ports.

    Args:
        mortal: Whether the process can be killed; who is outside of the platform cannot.

    Attributes:
        dice: This process's chance.
    """

    def __init__(self, simulation: Simulation, process: Process, *, mortal: bool = True) -> None:
        self.simulation = simulation
        self.process = process
        self._mortal = mortal
        self.dice = dice_for(simulation.seed, process.name)

    async def call(
        self,
        resource: Resource,
        operation: str,
        effect: Callable[[], Awaitable[T]],
        *,
        weight: float,
        noted: bool,
        is_commit: bool,
    ) -> T:
        """Make a call: *effect* happens in one instant, or not at all.

        Args:
            resource: What may be away.
            operation: What the call is called in the trace.
            effect: The call itself.
            weight: How many times as often as others such a call fails.
            noted: Whether it is in the trace; what only looks, many times a minute, is not.
            is_commit: Whether work becomes done by it: where kills are ordered.
        """
        simulation, faults = self.simulation, self.simulation.faults
        self.process.does = operation
        await self.reach(operation, Point.BEFORE, weight=weight, is_commit=is_commit)
        away = simulation.is_away(resource)
        if happens(self.dice, faults.refusals_per_call * weight) or (away and not happens(self.dice, LOST_IN_OUTAGE)):
            raise self.refused(resource, operation, "before")
        answer = await effect()
        if noted:
            simulation.trace_routine(f"{self.process.name} {operation}")
        if away or happens(self.dice, faults.lost_answers_per_call * weight):
            await self.latency()
            raise self.refused(resource, operation, "after")
        await self.reach(operation, Point.AFTER, weight=weight, is_commit=is_commit)
        return answer

    async def reach(self, operation: str, point: Point, *, weight: float = 1.0, is_commit: bool = False) -> None:
        """Pass one point of a call: it takes its time, and the process may be killed there."""
        ordered = is_commit and self.simulation.kill_schedule.due(self.process.name, point)
        if ordered or (self._mortal and happens(self.dice, self.simulation.faults.crashes_per_call * weight)):
            await self.die(operation, point)
        await self.latency()

    async def latency(self) -> None:
        """Let the time of one way pass."""
        simulation = self.simulation
        if simulation.is_over:
            raise asyncio.CancelledError
        ms = wait_ms(self.dice, mean_ms=LATENCY_MS_MEAN) if self.dice.random() < 0.5 else 0.0
        if happens(self.dice, simulation.faults.slow_calls_per_call):
            simulation.count("slow call")
            ms += wait_ms(self.dice, mean_ms=SLOW_MS_MEAN)
        if simulation.frozen_until_ms:
            ms = max(ms, simulation.frozen_until_ms.get(self.process.name, 0) - simulation.loop.now_ms())
        if ms:
            await simulation.loop.pause(ms)

    async def die(self, operation: str, point: Point) -> None:
        """Be killed here. Never returns."""
        if self.simulation.is_over:
            raise asyncio.CancelledError
        self.simulation.count(f"crash {point} {operation}")
        self.simulation.kill(self.process, why=f"{point} {operation}")
        await self.simulation.loop.never()

    def races(self) -> bool:
        """Whether another process records outcomes in this very moment."""
        if not happens(self.dice, self.simulation.faults.races_per_record):
            return False
        self.simulation.count("recording race")
        return True

    def refused(self, resource: Resource, operation: str, when: str) -> PortUnavailable:
        """Note that the process is told of a failure, and return what it is told."""
        self.simulation.count(f"failure {when} {operation}")
        self.simulation.trace(f"{self.process.name} {operation} failed {when} its effect")
        self.simulation.emit(Refused(self.process, operation))
        return PortUnavailable(resource, operation=operation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Of the calls of one method. The functions are also given the arguments of the call.

    Attributes:
        weight: How many times as often as others such a call fails. Calls that are made seldom fail more often, so
            that what hangs on them is seen as often as the rest.
        noted: Whether it is in the trace; what only looks, many times a minute, is not.
        is_commit: Whether work becomes done by it, so that nothing of it is done again: where kills are ordered.
        at_call: (gate, port) when the process makes the call.
        before: (gate) in the instant of the effect, before it; what it returns is given to `after`.
        after: (gate, what `before` returned, answer) in the instant of the effect, whether or not the process ever
            has the answer.
        at_answer: (gate, answer) when the process has the answer.
        gives_port: Whether the answer is a port itself, whose calls pass the gate too.
    """

    weight: float = 1.0
    noted: bool = True
    is_commit: bool = False
    at_call: Callable[..., None] | None = None
    before: Callable[..., object] | None = None
    after: Callable[..., None] | None = None
    at_answer: Callable[..., None] | None = None
    gives_port: bool = False


def _claimed(gate: Gate, _: object, claims: Sequence[Claim], *, now_ms: int, lease_ms: int, **_others: Any) -> None:
    for claim in claims:
        gate.simulation.trace_routine(f"{gate.process.name} claims {claim.delivery.delivery_id[:8]}")
        gate.simulation.claims.open(gate.process, claim)
        gate.simulation.emit(Claimed(gate.process, claim, now_ms, lease_ms))


def _rows_before(gate: Gate, outcomes: Sequence[Outcome], **_: Any) -> list[DeliveryRow | None]:
    rows = gate.simulation.database.deliveries
    return [rows.get(outcome.claim.delivery.delivery_id) for outcome in outcomes]


def _recorded(
    gate: Gate,
    before: Sequence[DeliveryRow | None],
    moved: Sequence[bool],
    outcomes: Sequence[Outcome],
    *,
    now_ms: int,
) -> None:
    for outcome, one, row in zip(outcomes, moved, before, strict=True):
        id_, event = outcome.claim.delivery.delivery_id[:8], outcome.event or "postponed"
        gate.simulation.trace_routine(f"{gate.process.name} records {id_} {event}{'' if one else ', too late'}")
        gate.simulation.claims.close(gate.process, outcome.claim)
        gate.simulation.emit(Recorded(gate.process, outcome, one, row, now_ms))


def _released(gate: Gate, _: object, __: None, claims: Sequence[Claim], **_others: Any) -> None:
    for claim in claims:
        gate.simulation.claims.close(gate.process, claim)
        gate.simulation.emit(Released(gate.process, claim))


def _leased(gate: Gate, *_: Any, **__: Any) -> dict[str, str]:
    rows = gate.simulation.database.deliveries
    return {id_: rows[id_].lease_owner or "" for id_ in rows.leased}


def _taken_back(gate: Gate, leased: Mapping[str, str], *_: Any, **__: Any) -> None:
    rows = gate.simulation.database.deliveries
    for delivery_id, owner in leased.items():
        if rows[delivery_id].lease_owner is None:
            gate.simulation.count("lease taken back")
            gate.simulation.trace(f"{gate.process.name} takes {delivery_id[:8]} back from {owner}")
            gate.simulation.emit(TakenBack(gate.process, delivery_id, owner))


def _rules_read(gate: Gate, answer: RuleSnapshot | RuleChanges | None, *_: Any) -> None:
    if answer is not None:
        gate.simulation.emit(RulesRead(gate.process, answer.version, answer))


def _join(gate: Gate, port: Any, **_: Any) -> None:
    """Let a consumer be in its group, also after the group took it for dead."""
    port.join(gate.process.name)


_ROUTINE: Final = Observation(noted=False)

ORDINARY: Final = Observation()
"""Of a method that is not in the table."""

OBSERVATIONS: Final[Mapping[str, Observation]] = {
    "deliveries.claim_due": Observation(after=_claimed),
    "deliveries.planned": Observation(weight=20.0),
    "deliveries.record_outcomes": Observation(is_commit=True, before=_rows_before, after=_recorded),
    "deliveries.release": Observation(weight=20.0, after=_released),
    "deliveries.settle": Observation(weight=3.0),
    "episodes.due": _ROUTINE,
    "episodes.mark_published": Observation(weight=3.0),
    "episodes.unpublished": _ROUTINE,
    "leases.take_back": Observation(weight=20.0, before=_leased, after=_taken_back),
    "notifications.record_ends": Observation(weight=5.0),
    "origin.next_clients": _ROUTINE,
    "outbox.unpublished": _ROUTINE,
    "rules.changes": Observation(at_answer=_rules_read),
    "rules.snapshot": Observation(at_answer=_rules_read),
    "snapshot.begin": Observation(gives_port=True),
    "snapshot.client_ids": _ROUTINE,
    "snapshot.held": _ROUTINE,
    "snapshot.is_sound": _ROUTINE,
    "snapshot.state": _ROUTINE,
    "stream.commit": Observation(is_commit=True),
    "stream.poll": Observation(at_call=_join),
}
"""Port and method → what is special about its calls."""


def gated(gate: Gate, port: T, name: str, resource: Resource, *, group: str | None = None) -> T:
    """Return *port* with every call through *gate*; what is noticed of its calls is in `OBSERVATIONS` under *name*.

    Args:
        gate: Of the process that calls.
        port: Whose methods are all asynchronous.
        name: What the port is called in the trace and in the table.
        resource: What is away when the port is.
        group: The consumer group of a stream, whose calls bear its name in the trace.
    """
    return cast("T", _GatedPort(gate, port, name, resource, group))


class _GatedPort:
    def __init__(self, gate: Gate, port: Any, name: str, resource: Resource, group: str | None) -> None:
        self._gate, self._port, self._name, self._resource, self._group = gate, port, name, resource, group

    def __getattr__(self, method: str) -> Callable[..., Awaitable[Any]]:
        """Return the method that passes the gate; Python asks only for those that are not there yet."""
        operation = f"{self._name}.{method}" if self._group is None else f"{method} {self._group}"
        observed = OBSERVATIONS.get(f"{self._name}.{method}", ORDINARY)
        passing = partial(self._pass, getattr(self._port, method), operation, observed)
        setattr(self, method, passing)
        return passing

    async def _pass(
        self,
        method: Callable[..., Awaitable[Any]],
        operation: str,
        observed: Observation,
        /,
        *args: Any,
        **options: Any,
    ) -> Any:
        gate = self._gate

        async def effect_seen() -> Any:
            before = None if observed.before is None else observed.before(gate, *args, **options)
            answer = await method(*args, **options)
            if observed.after is not None:
                observed.after(gate, before, answer, *args, **options)
            return answer

        effect = partial(method, *args, **options) if observed.before is observed.after is None else effect_seen
        if observed.at_call is not None:
            observed.at_call(gate, self._port, *args, **options)
        answer = await gate.call(
            self._resource,
            operation,
            effect,
            weight=observed.weight,
            noted=observed.noted,
            is_commit=observed.is_commit,
        )
        if observed.at_answer is not None:
            observed.at_answer(gate, answer, *args, **options)
        if observed.gives_port and answer is not None:
            return _GatedPort(gate, answer, self._name, self._resource, self._group)
        return answer
