"""Mistakes of transports and stages."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from alerting_core.domain.claim import HttpMessage, HttpReply, Message, Reply
from alerting_core.ports.delivery import Transport
from alerting_core.stages.batch import BatchReport, StageName
from alerting_core.stages.send import Sender
from tests.simulation.planted.plant import SimWiring


@dataclass
class SendsTwice:
    """A transport that tries again by itself when no answer comes."""

    transport: Transport

    async def send(self, message: Message) -> Reply:
        reply = await self.transport.send(message)
        return reply if isinstance(reply, HttpReply) else await self.transport.send(message)


@dataclass
class TakesErrorsForSuccess:
    """A transport that looks at nothing but whether an answer came."""

    transport: Transport

    async def send(self, message: Message) -> Reply:
        reply = await self.transport.send(message)
        return HttpReply(200) if isinstance(reply, HttpReply) else reply


@dataclass
class IgnoresRetryAfter:
    """A transport that does not pass on when the endpoint wants to be asked again."""

    transport: Transport

    async def send(self, message: Message) -> Reply:
        reply = await self.transport.send(message)
        return replace(reply, retry_after=None) if isinstance(reply, HttpReply) else reply


@dataclass
class SignsWithAnotherSecret:
    """A transport whose messages carry a signature that is not theirs."""

    transport: Transport

    async def send(self, message: Message) -> Reply:
        if isinstance(message, HttpMessage) and "webhook-signature" in message.headers:
            message = replace(message, headers={**message.headers, "webhook-signature": "v1,AAAA"})
        return await self.transport.send(message)


class DrainsOneBatch(Sender):
    """Records one batch when it drains, however many attempts have ended."""

    async def drain(self) -> BatchReport:
        self._attempts.call_off_waiting()
        await self._attempts.end(within_ms=self._policy.drain_ms)
        return BatchReport(StageName.SENDER, counts=await self._record())


class Raises:
    """A stage with a mistake in it."""

    async def step(self) -> BatchReport:
        raise KeyError("a mistake")


class DoesNothing:
    """A stage that is switched off."""

    async def step(self) -> BatchReport:
        return BatchReport(StageName.SWEEPER)


def with_transport(planted: Callable[[Transport], Transport]) -> Callable[[SimWiring], SimWiring]:
    """Return a change that puts a transport in front of the real one."""
    return lambda wiring: replace(wiring, ports=replace(wiring.ports, transport=planted(wiring.ports.transport)))


def draining_one_batch(wiring: SimWiring) -> DrainsOneBatch:
    """Make a sender that records one attempt when it drains."""
    return DrainsOneBatch(
        wiring.ports.deliveries,
        wiring.ports.transport,
        wiring.ports.clock,
        wiring.ports.presence.new_owner,
        policy=replace(wiring.tuning.policy, claim_max=1, held_max=64),
        wakeup=wiring.wakeup,
    )
