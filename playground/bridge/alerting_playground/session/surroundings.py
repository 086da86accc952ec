"""What is around the platform of a session: where alerts come from, and the endpoints that they are sent to."""

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from random import Random
from typing import Final

from alerting_core.delivery.hosts import SMTP_HOST, host_name_of
from alerting_core.domain import claim, delivery
from alerting_core.domain.alert import Alert, Severity
from alerting_core.generator.alerts import ENVIRONMENT_SHARE, ENVIRONMENTS, REGION_SHARE, REGIONS
from alerting_core.limits import REQUEST_MS_MAX
from alerting_core.ports.stream import ALERTS_NEW, Outgoing, alert_record
from alerting_core.sim import faults, platform, receivers, tenants
from alerting_core.sim.simulation import Simulation
from alerting_playground.session import inputs, ledger, limits

TICK_MS: Final = 10
"""How finely a high rate is spread."""

SLOW_TICK_MS: Final = 50
SLOW_ALERTS_PER_S: Final = 40
"""Up to this rate ticks are further apart: with nothing to send they would be most of what happens."""

BATCH_MAX: Final = 1_000
"""Alerts of one tick; what was held back comes no faster than that."""


class LiveSource:
    """Sends alerts to the log, as sources do through the API.

    Attributes:
        sent: Alerts that the log has taken.
        held_back: How often a tick found the platform too far behind, or the log away.
    """

    def __init__(
        self,
        world: platform.Platform,
        settings: inputs.Settings,
        *,
        fresh: MutableMapping[bytes, ledger.Kind],
        under_way: Callable[[], int],
    ) -> None:
        """Send to *world*, enter each alert in *fresh*, and hold back while too much is *under_way*."""
        self._world, self._fresh, self._under_way = world, fresh, under_way
        self._dice = faults.dice_for(world.seed, "alerts").random
        self._poison_dice = faults.dice_for(world.seed, "poison")
        self._owed = 0
        self._poison_owed = 0
        self.sent = 0
        self.held_back = 0
        self.poison_sent = 0
        self.use(settings)

    def use(self, settings: inputs.Settings) -> None:
        """Draw from the distributions of *settings* from now on."""
        self._settings = settings
        self._severities = [Severity[name] for name in settings.distribution("severity_dist").by_percent()]
        self._sources = settings.distribution("source_dist").by_percent()
        self._names = settings.distribution("name_dist").by_percent()

    async def run(self) -> None:
        """Send for as long as the scenario asks for."""
        world = self._world
        end_ms = self._settings.duration_ms
        while end_ms is None or world.loop.now_ms() < end_ms:
            tick_ms = TICK_MS if self._settings.alerts_per_s > SLOW_ALERTS_PER_S else SLOW_TICK_MS
            await world.loop.pause(tick_ms)
            self._tick(tick_ms)

    def _tick(self, tick_ms: int) -> None:
        world = self._world
        self._owed += round(self._settings.alerts_per_s * 1_000) * tick_ms
        due = self._owed // 1_000_000
        if due and (world.is_away(faults.Resource.LOG) or self._under_way() > limits.UNFINISHED_MAX):
            self.held_back += 1
            self._owed = min(self._owed, limits.UNFINISHED_MAX * 1_000_000)
            return
        if due:
            count = min(due, BATCH_MAX)
            self._owed -= count * 1_000_000
            self._send(count)
        self._poison_owed += round(self._settings.poison_per_minute * 1_000) * tick_ms
        while self._poison_owed >= 60_000_000:
            self._poison_owed -= 60_000_000
            self.poison(ALERTS_NEW)

    def poison(self, topic: str) -> None:
        """Send a record that no codec can read."""
        self.poison_sent += 1
        value = _unreadable(self._poison_dice)
        self._world.count(f"poison in {topic}")
        self._world.log.append([Outgoing(topic, f"poison-{self.poison_sent}".encode(), value)])

    def _send(self, count: int) -> None:
        event_ts = self._world.wall_ms("people") // 1_000
        alerts = [self._alert(number, event_ts) for number in range(self.sent + 1, self.sent + count + 1)]
        self.sent += count
        records = [alert_record(alert) for alert in alerts]
        kinds = [(alert.severity, alert.source, alert.name, alert.owner) for alert in alerts]
        self._fresh.update((record.value, kind) for record, kind in zip(records, kinds, strict=True))
        self._world.log.append(records)

    def _alert(self, number: int, event_ts: int) -> Alert:
        dice = self._dice
        context = {"environment": ENVIRONMENTS[int(dice() * 3)]} if dice() < ENVIRONMENT_SHARE else {}
        if dice() < REGION_SHARE:
            context["region"] = REGIONS[int(dice() * 3)]
        severity, source = self._severities[int(dice() * 100)], self._sources[int(dice() * 100)]
        return Alert(f"alert-{number}", severity, source, self._names[int(dice() * 100)], event_ts, context)


def _unreadable(dice: Random) -> bytes:
    return tenants.poison_value(dice) or b"\xff"


RETRY_AFTER: Final = "5"
MAIL_HOST: Final = "mail"
"""What people read, and scripts name, for the one server that all mail goes through."""

OK: Final = claim.HttpReply(200, b"ok")
TAKEN: Final = claim.SmtpReply(250)


def shown_host(name: str) -> str:
    """Return the name of a host in pictures and scripts."""
    return MAIL_HOST if name == SMTP_HOST else name


@dataclass(slots=True)
class Host:
    """One host.

    Attributes:
        state: What was done to it.
        until_ms: Until when.
    """

    state: str = "well"
    until_ms: int = 0
    arrivals: int = 0
    accepted: int = 0
    refused: int = 0


class LiveReceivers(receivers.Receivers):
    """All hosts."""

    def __init__(self, simulation: Simulation, settings: Callable[[], inputs.Settings]) -> None:
        """Let endpoints be as *settings* say at each moment."""
        super().__init__(simulation)
        self._settings = settings
        self.hosts: dict[str, Host] = {}

    def host(self, name: str) -> Host:
        """Return a host, which is there as soon as it is named."""
        found = self.hosts.get(name)
        if found is None:
            found = self.hosts[name] = Host()
        return found

    def treat(self, message: claim.Message) -> receivers.Treatment:
        """Decide what happens to *message*."""
        by_mail = isinstance(message, claim.EmailMessage)
        host = self.host(shown_host(host_name_of(message)))
        host.arrivals += 1
        treatment = self._treat(host, by_mail=by_mail)
        if treatment.accepted:
            host.accepted += 1
        else:
            host.refused += 1
        return treatment

    def _treat(self, host: Host, *, by_mail: bool) -> receivers.Treatment:
        dice, settings = self._dice, self._settings()
        after_ms = faults.wait_ms(dice, mean_ms=settings.endpoint_ms) if settings.endpoint_ms else 0.0
        state = host.state if self._simulation.loop.now_ms() < host.until_ms else "well"
        if state == "down":
            return receivers.Treatment(
                accepted=False, reply=claim.Unreached(delivery.Reason.CONNECTION_FAILED, "refused"), after_ms=after_ms
            )
        if state == "slow" or faults.happens(dice, settings.endpoint_slow):
            return _slow(dice.random(), by_mail=by_mail)
        if state == "gone" and not by_mail:
            return receivers.Treatment(accepted=False, reply=claim.HttpReply(410, b"gone"), after_ms=after_ms)
        if state == "errors" or faults.happens(dice, settings.endpoint_errors):
            reply = claim.SmtpReply(451) if by_mail else claim.HttpReply(500, b"internal error")
            return receivers.Treatment(accepted=False, reply=reply, after_ms=after_ms)
        if state == "limits" or faults.happens(dice, settings.endpoint_limits):
            reply = claim.SmtpReply(450) if by_mail else claim.HttpReply(429, b"slow down", retry_after=RETRY_AFTER)
            return receivers.Treatment(accepted=False, reply=reply, after_ms=after_ms)
        return receivers.Treatment(accepted=True, reply=TAKEN if by_mail else OK, after_ms=after_ms)


def _slow(chance: float, *, by_mail: bool) -> receivers.Treatment:
    """Answer just in time, or take the message and answer too late."""
    if chance < 0.5:
        reply = TAKEN if by_mail else OK
        return receivers.Treatment(accepted=True, reply=reply, after_ms=REQUEST_MS_MAX * (0.5 + chance))
    return receivers.Treatment(
        accepted=True, reply=claim.Unreached(delivery.Reason.TIMED_OUT), after_ms=float(REQUEST_MS_MAX)
    )
