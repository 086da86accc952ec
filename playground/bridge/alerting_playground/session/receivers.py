"""The endpoints of a session: how long they take, how often they fail, and what was done to a host."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from alerting_core.delivery.hosts import SMTP_HOST, host_name_of
from alerting_core.domain.claim import EmailMessage, HttpReply, Message, SmtpReply, Unreached
from alerting_core.domain.notification import Reason
from alerting_core.limits import REQUEST_MS_MAX
from alerting_core.sim.faults import happens, wait_ms
from alerting_core.sim.receivers import Receivers, Treatment
from alerting_core.sim.simulation import Simulation
from alerting_playground.session.settings import Settings

RETRY_AFTER: Final = "5"
MAIL_HOST: Final = "mail"
"""What people read, and scripts name, for the one server that all mail goes through."""

OK: Final = HttpReply(200, b"ok")
TAKEN: Final = SmtpReply(250)


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


class LiveReceivers(Receivers):
    """All hosts."""

    def __init__(self, simulation: Simulation, settings: Callable[[], Settings]) -> None:
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

    def treat(self, message: Message) -> Treatment:
        """Decide what happens to *message*."""
        by_mail = isinstance(message, EmailMessage)
        host = self.host(shown_host(host_name_of(message)))
        host.arrivals += 1
        treatment = self._treat(host, by_mail=by_mail)
        if treatment.accepted:
            host.accepted += 1
        else:
            host.refused += 1
        return treatment

    def _treat(self, host: Host, *, by_mail: bool) -> Treatment:
        dice, settings = self._dice, self._settings()
        after_ms = wait_ms(dice, mean_ms=settings.endpoint_ms) if settings.endpoint_ms else 0.0
        state = host.state if self._simulation.loop.now_ms() < host.until_ms else "well"
        if state == "down":
            return Treatment(accepted=False, reply=Unreached(Reason.CONNECTION_FAILED, "refused"), after_ms=after_ms)
        if state == "slow" or happens(dice, settings.endpoint_slow):
            return _slow(dice.random(), by_mail=by_mail)
        if state == "gone" and not by_mail:
            return Treatment(accepted=False, reply=HttpReply(410, b"gone"), after_ms=after_ms)
        if state == "errors" or happens(dice, settings.endpoint_errors):
            reply = SmtpReply(451) if by_mail else HttpReply(500, b"internal error")
            return Treatment(accepted=False, reply=reply, after_ms=after_ms)
        if state == "limits" or happens(dice, settings.endpoint_limits):
            reply = SmtpReply(450) if by_mail else HttpReply(429, b"slow down", retry_after=RETRY_AFTER)
            return Treatment(accepted=False, reply=reply, after_ms=after_ms)
        return Treatment(accepted=True, reply=TAKEN if by_mail else OK, after_ms=after_ms)


def _slow(chance: float, *, by_mail: bool) -> Treatment:
    """Answer just in time, or take the message and answer too late."""
    if chance < 0.5:
        reply = TAKEN if by_mail else OK
        return Treatment(accepted=True, reply=reply, after_ms=REQUEST_MS_MAX * (0.5 + chance))
    return Treatment(accepted=True, reply=Unreached(Reason.TIMED_OUT), after_ms=float(REQUEST_MS_MAX))
