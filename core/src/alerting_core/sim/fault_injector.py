"""What happens to a world by itself: processes die, resources go away, clocks jump, people edit."""

from collections.abc import Awaitable, Callable
from typing import Final

from alerting_core.domain.notification import NotificationStatus
from alerting_core.memory.database import MemoryDatabase
from alerting_core.memory.history import MemoryNotificationHistory
from alerting_core.ports.stream import ready_record
from alerting_core.sim.facts import RulesChanged
from alerting_core.sim.faults import Resource, dice_for
from alerting_core.sim.platform import Platform
from alerting_core.sim.simulation import PEOPLE
from alerting_core.sim.tenants import HOSTS_MAX, Edit, Tenants

MINUTE_MS: Final = 60_000
OUTAGE_MS_MEAN: Final = 4_000.0
BREAKDOWN_MS_MEAN: Final = 15_000.0
CLOCK_JUMP_MS_MAX: Final = 600_000
UNANNOUNCED: Final = 0.3
"""How often who resends dies between the change and its announcement: the sweeper has to see it."""


class FaultInjector:
    """Runs one task for each kind of event, each with dice of its own."""

    def __init__(self, world: Platform, tenants: Tenants, rules_changed: Callable[[], None]) -> None:
        """Break *world*, and let people edit what *tenants* have; *rules_changed* is called after an edit of a rule."""
        self._world, self._tenants, self._rules_changed = world, tenants, rules_changed
        self._history = MemoryNotificationHistory(world.database)
        self._dice = dice_for(world.seed, "weather")  # Purposes are part of what a seed means: they keep their names.

    def start(self) -> None:
        """Let everything happen from now on, each as often as the world's faults say."""
        faults, tenants = self._world.faults, self._tenants
        events: tuple[tuple[str, float, Callable[[], Awaitable[None]]], ...] = (
            ("crash anywhere", faults.crashes_per_minute, self._crash),
            ("graceful stop", faults.stops_per_minute, self._stop),
            ("outage", faults.outages_per_minute, self._outage),
            ("rebalance", faults.rebalances_per_minute, self._rebalance),
            ("clock jump", faults.clock_jumps_per_minute, self._jump),
            ("rule edit", faults.edits_per_minute, lambda: self._edit(tenants.edit_rule)),
            ("endpoint edit", faults.endpoint_edits_per_minute, lambda: self._edit(tenants.edit_endpoint)),
            ("client deletion", faults.deletions_per_minute, lambda: self._edit(tenants.delete_client)),
            ("resend", faults.resends_per_minute, self._resend),
            ("breakdown", faults.breakdowns_per_minute, self._break_down),
            ("flush", faults.flushes_per_minute, self._flush),
        )
        for kind, per_minute, happen in events:
            if per_minute > 0:
                self._world.outside(self._go_on(kind, per_minute, happen))

    async def _go_on(self, kind: str, per_minute: float, happen: Callable[[], Awaitable[None]]) -> None:
        dice = dice_for(self._world.seed, kind)
        while True:
            await self._world.loop.pause(dice.expovariate(per_minute) * MINUTE_MS)
            if self._world.is_quiet:
                return
            await happen()

    async def _crash(self) -> None:
        worker = self._dice.choice(self._world.workers)
        if not worker.process.is_dead:
            self._world.count("crash anywhere")
            self._world.kill(worker.process, why="anywhere")

    async def _stop(self) -> None:
        worker = self._dice.choice(self._world.workers)
        if not worker.process.is_dead:
            self._world.count("graceful stop")
            worker.stop.set()

    async def _outage(self) -> None:
        resource = self._dice.choice(list(Resource))
        self._world.count(f"outage of the {resource}")
        for_ms = self._dice.expovariate(1.0) * OUTAGE_MS_MEAN
        self._world.trace(f"the {resource} is away for {for_ms:.0f} ms")
        self._world.away_until_ms[resource] = self._world.loop.now_ms() + round(for_ms)

    async def _rebalance(self) -> None:
        worker = self._dice.choice(self._world.workers)
        if not worker.process.is_dead:
            self._world.count("rebalance")
            self._world.trace(f"{worker.process.name} is taken for dead")
            worker.leave_groups()

    async def _jump(self) -> None:
        machine = self._dice.choice(self._world.machines)
        by_ms = round(self._dice.choice((-1, 1)) * self._dice.random() ** 2 * CLOCK_JUMP_MS_MAX)
        self._world.count("clock jump forwards" if by_ms > 0 else "clock jump backwards")
        self._world.set_clock(machine, by_ms=by_ms)

    async def _edit(self, edit: Callable[[], Awaitable[Edit | None]]) -> None:
        edited = await edit()
        if edited is not None:
            self._world.count(edited.kind)
            self._world.trace(edited.what)
            if edited.changed_rules:
                self._rules_changed()

    async def _resend(self) -> None:
        finished = [
            n for n in self._world.database.notifications.values() if n.status is not NotificationStatus.RECEIVED
        ]
        if not finished:
            return
        notification = self._dice.choice(finished)
        self._world.count("resend")
        self._world.trace(f"{notification.client_id} resends {notification.notification_id}")
        await self._history.resend(
            notification.client_id, notification.notification_id, now_ms=self._world.wall_ms(PEOPLE)
        )
        if self._dice.random() < UNANNOUNCED:
            self._world.count("resend not announced")
        else:
            self._world.log.append([ready_record(notification.ref, notification.alert_id)])

    async def _break_down(self) -> None:
        host = f"h{self._dice.randrange(HOSTS_MAX)}.sim"
        self._world.count("breakdown")
        for_ms = self._dice.expovariate(1.0) * BREAKDOWN_MS_MEAN
        self._world.trace(f"{host} is down for {for_ms:.0f} ms")
        self._world.receivers.down_until_ms[host] = self._world.loop.now_ms() + round(for_ms)

    async def _flush(self) -> None:
        if self._world.distributes_rules:
            self._world.count("snapshot lost")
            self._world.trace("the snapshot of all rules is lost")
            self._world.snapshot.empty()


def rules_changed_fact(database: MemoryDatabase) -> RulesChanged:
    """Return what the rules are now."""
    version = database.outbox[-1].version if database.outbox else 0
    return RulesChanged(version, [rule for rule in database.rules.values() if rule.enabled])
