"""The way of every call from a process to a port: late, lost, refused, or the last thing that the process ever did."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from alerting_core.errors import PortUnavailable
from alerting_core.sim.facts import Refused
from alerting_core.sim.faults import Point, Resource, dice_for, happens, wait_ms
from alerting_core.sim.process import Process
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
