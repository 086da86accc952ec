"""The way of every call from a process to a port: late, lost, refused, or the last thing that the process ever did."""

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeVar

from alerting_core.errors import PortUnavailable
from alerting_core.sim.dice import dice_for, happens, wait_ms
from alerting_core.sim.facts import Refused
from alerting_core.sim.kill_schedule import Point
from alerting_core.sim.process import Process

if TYPE_CHECKING:
    from alerting_core.sim.platform import Platform

T = TypeVar("T")

LATENCY_MS_MEAN: Final = 6.0
"""Of one way to a port, when it takes any time: half of them are over in the same instant."""

SLOW_MS_MEAN: Final = 25_000.0
"""Of a slow call: most end within a lease, some after it."""

LOST_IN_OUTAGE: Final = 0.2
"""How often a call into an outage still has its effect: the resource went away between the effect and the answer."""


RARE_CALLS: Final = {"deliveries.release": 20.0, "leases.take_back": 20.0, "deliveries.settle": 3.0}
"""Calls that are made seldom fail more often, so that what hangs on them is seen as often as the rest."""


class Resource(StrEnum):
    """What can be away as a whole."""

    LOG = "log"
    STORE = "store"
    RULES = "rules"
    """Where evaluators read the tables of rules themselves."""
    SNAPSHOT = "snapshot"
    """The shared snapshot of all rules."""


class Gate:
    """One process's way to the ports.

    Args:
        mortal: Whether the process can be killed; who is outside of the platform cannot.

    Attributes:
        dice: This process's chance.
    """

    def __init__(self, world: "Platform", process: Process, *, mortal: bool = True) -> None:
        self.world = world
        self.process = process
        self._mortal = mortal
        self.dice = dice_for(world.seed, process.name)

    async def call(
        self,
        resource: Resource,
        operation: str,
        effect: Callable[[], Awaitable[T]],
        *,
        told: Callable[[T], None] | None = None,
        noted: bool = True,
    ) -> T:
        """Make a call: *effect* happens in one instant, or not at all; *told* reports it in the same instant.

        Calls that only look, many times a minute, are not *noted* in the trace.
        """
        world, faults, weight = self.world, self.world.faults, RARE_CALLS.get(operation, 1.0)
        self.process.does = operation
        await self.reach(operation, Point.BEFORE)
        away = world.is_away(resource)
        if happens(self.dice, faults.refusals_per_call * weight) or (away and not happens(self.dice, LOST_IN_OUTAGE)):
            raise self.refused(resource, operation, "before")
        answer = await effect()
        if told is not None:
            told(answer)
        if noted:
            world.trace_routine(f"{self.process.name} {operation}")
        if away or happens(self.dice, faults.lost_answers_per_call * weight):
            await self.latency()
            raise self.refused(resource, operation, "after")
        await self.reach(operation, Point.AFTER)
        return answer

    async def reach(self, operation: str, point: Point) -> None:
        """Pass one point of a call: it takes its time, and the process may be killed there."""
        weight = RARE_CALLS.get(operation, 1.0)
        ordered = self.world.kill_schedule.due(self.process.name, operation, point)
        if ordered or (self._mortal and happens(self.dice, self.world.faults.crashes_per_call * weight)):
            await self.die(operation, point)
        await self.latency()

    async def latency(self) -> None:
        """Let the time of one way pass."""
        if self.world.is_over:
            raise asyncio.CancelledError
        ms = wait_ms(self.dice, mean_ms=LATENCY_MS_MEAN) if self.dice.random() < 0.5 else 0.0
        if happens(self.dice, self.world.faults.slow_calls_per_call):
            self.world.count("slow call")
            ms += wait_ms(self.dice, mean_ms=SLOW_MS_MEAN)
        if self.world.frozen_until_ms:
            ms = max(ms, self.world.frozen_until_ms.get(self.process.name, 0) - self.world.loop.now_ms())
        if ms:
            await self.world.loop.pause(ms)

    async def die(self, operation: str, point: Point) -> None:
        """Be killed here. Never returns."""
        if self.world.is_over:
            raise asyncio.CancelledError
        self.world.count(f"crash {point} {operation}")
        self.world.kill(self.process, why=f"{point} {operation}")
        await self.world.loop.never()

    def races(self) -> bool:
        """Whether another process records outcomes in this very moment."""
        if not happens(self.dice, self.world.faults.races_per_record):
            return False
        self.world.count("recording race")
        return True

    def refused(self, resource: Resource, operation: str, when: str) -> PortUnavailable:
        """Note that the process is told of a failure, and return what it is told."""
        self.world.count(f"failure {when} {operation}")
        self.world.trace(f"{self.process.name} {operation} failed {when} its effect")
        self.world.tell(Refused(self.process, operation))
        return PortUnavailable(resource, operation=operation)
