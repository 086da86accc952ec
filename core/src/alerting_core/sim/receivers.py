"""The outside: hosts with endpoints, and what they do to a message."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final, assert_never

from alerting_core import limits
from alerting_core.delivery.hosts import host_name_of
from alerting_core.domain.claim import Claim, EmailMessage, HttpReply, Message, Reply, SmtpReply, Unreached
from alerting_core.domain.delivery import Reason
from alerting_core.memory.transport import target_of
from alerting_core.sim import facts
from alerting_core.sim.faults import Point, dice_for, happens, wait_ms
from alerting_core.sim.observations import Gate
from alerting_core.sim.simulation import Simulation

ANSWER_MS_MEAN: Final = 150.0
"""Of an endpoint that is well."""

STALL_MS_MEAN: Final = 60_000.0
"""Of a machine that stands still: one in three for longer than a lease."""


@dataclass(frozen=True, slots=True)
class Treatment:
    """What an endpoint does to one message.

    Attributes:
        after_ms: How long the process waits for the reply.
    """

    accepted: bool
    reply: Reply
    after_ms: float


class Receivers:
    """All hosts and endpoints.

    Attributes:
        gone: URLs that answer 410 for good.
        dead_hosts: Hosts that nobody ever reaches.
        down_until_ms: Host → until when it refuses everything.
        scripts: Target → what it answers instead of what chance would have it answer.
    """

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._dice = dice_for(simulation.seed, "receivers")
        self.gone: set[str] = set()
        self.dead_hosts: set[str] = set()
        self.down_until_ms: dict[str, int] = {}
        self.scripts: dict[str, Callable[[Message], Treatment]] = {}

    def treat(self, message: Message) -> Treatment:
        """Decide what happens to *message*."""
        dice, faults, target = self._dice, self._simulation.faults, target_of(message)
        if (script := self.scripts.get(target)) is not None:
            return script(message)
        host = host_name_of(message)
        if host in self.dead_hosts or self._simulation.loop.now_ms() < self.down_until_ms.get(host, 0):
            self._simulation.count("host down")
            return _lost(dice, accepted=False)
        if target in self.gone:
            self._simulation.count("endpoint gone")
            return Treatment(accepted=False, reply=HttpReply(410), after_ms=wait_ms(dice, mean_ms=ANSWER_MS_MEAN))
        if happens(dice, faults.hangs_per_attempt):
            return self._hang(message)
        if happens(dice, faults.lost_replies_per_attempt):
            self._simulation.count("reply lost")
            return _lost(dice, accepted=True)
        return self._answer(message)

    def _hang(self, message: Message) -> Treatment:
        if self._dice.random() < 0.5:
            self._simulation.count("endpoint slow")
            after_ms = limits.REQUEST_MS_MAX * (0.6 + 0.39 * self._dice.random())
            return Treatment(accepted=True, reply=_taken(message), after_ms=after_ms)
        self._simulation.count("endpoint timed out")
        accepted = self._dice.random() < 0.5
        return Treatment(accepted=accepted, reply=Unreached(Reason.TIMED_OUT), after_ms=limits.REQUEST_MS_MAX)

    def _answer(self, message: Message) -> Treatment:
        dice, faults = self._dice, self._simulation.faults
        after_ms = wait_ms(dice, mean_ms=ANSWER_MS_MEAN)
        by_mail = isinstance(message, EmailMessage)
        if happens(dice, faults.errors_per_attempt):
            self._simulation.count("endpoint error")
            status = dice.choice((500, 502, 503, 404, 401, 302))
            reply = SmtpReply(dice.choice((421, 451, 550))) if by_mail else HttpReply(status)
            return Treatment(accepted=False, reply=reply, after_ms=after_ms)
        if not by_mail and happens(dice, faults.limits_per_attempt):
            self._simulation.count("endpoint rate limit")
            # Longer ones have tests of their own: a world that waits for ten minutes has nothing to do meanwhile.
            seconds = dice.choice((1, 5, 20, 60))
            return Treatment(accepted=False, reply=HttpReply(429, retry_after=str(seconds)), after_ms=after_ms)
        return Treatment(accepted=True, reply=_taken(message), after_ms=after_ms)


def _taken(message: Message) -> Reply:
    return SmtpReply(250) if isinstance(message, EmailMessage) else HttpReply(200, b"ok")


def _lost(dice: Random, *, accepted: bool) -> Treatment:
    reply = Unreached(Reason.CONNECTION_FAILED, "connection reset")
    return Treatment(accepted=accepted, reply=reply, after_ms=wait_ms(dice, mean_ms=ANSWER_MS_MEAN))


class SimTransport:
    """Carries messages to the receivers; the process may be killed on the way there and on the way back."""

    def __init__(self, gate: Gate, receivers: Receivers) -> None:
        self._gate, self._receivers = gate, receivers

    async def send(self, message: Message) -> Reply:
        """Return what the target answers."""
        simulation, process = self._gate.simulation, self._gate.process
        await self._gate.reach("send", Point.BEFORE)
        target = target_of(message)
        treatment = self._receivers.treat(message)
        claim = simulation.claims.send(process, message)
        # From here on the endpoint may have the message although nobody lives to hear of it.
        sent = facts.Sent(simulation.next_number(), process, target, message, claim, treatment.accepted)
        simulation.emit(sent)
        simulation.trace_routine(f"{process.name} sends {sent.number} to {target}{_for(claim)}")
        await simulation.loop.pause(treatment.after_ms)
        if happens(self._gate.dice, simulation.faults.stalls_per_attempt):
            simulation.count("stalled attempt")
            await simulation.loop.pause(wait_ms(self._gate.dice, mean_ms=STALL_MS_MEAN))
        await self._gate.reach("send", Point.AFTER)
        simulation.emit(facts.Answered(sent, treatment.reply))
        simulation.trace_routine(f"{process.name} is told {_said(treatment.reply)} to {sent.number}")
        return treatment.reply


def _for(claim: Claim | None) -> str:
    return " without a claim" if claim is None else f" for {claim.delivery.delivery_id[:8]}"


def _said(reply: Reply) -> str:
    match reply:
        case HttpReply(status):
            return str(status)
        case SmtpReply(code):
            return str(code)
        case Unreached(reason):
            return reason
        case _:
            assert_never(reply)
