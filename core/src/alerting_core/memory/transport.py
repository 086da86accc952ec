"""A world of endpoints in memory: each answers as it was told to, and keeps what arrived."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from alerting_core.domain.claim import EmailMessage, HttpMessage, HttpReply, Message, Reply, SmtpReply

ARRIVALS_KEPT_MAX: Final = 1_000
"""Messages that are kept for people to look at."""

Answer: TypeAlias = Callable[[Message], Reply]
"""Decides what an endpoint answers to a message."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message that reached its target, and what the target said."""

    target: str = field(repr=False)
    message: Message
    reply: Reply


class MemoryTransport:
    """Hands messages to endpoints in the same process. Every target takes everything until it is told otherwise.

    Attributes:
        arrivals: The latest messages, oldest first.
    """

    def __init__(self, *, arrivals_max: int = ARRIVALS_KEPT_MAX) -> None:
        self.arrivals: deque[Arrival] = deque(maxlen=arrivals_max)
        self._answers: dict[str, Answer] = {}

    def answer(self, target: str, answer: Reply | Answer) -> None:
        """Let *target* (a URL or an address) answer every message so from now on."""
        self._answers[target] = answer if callable(answer) else lambda _: answer

    async def send(self, message: Message) -> Reply:
        """Return what the target answers."""
        target = target_of(message)
        reply = self._answers.get(target, accept)(message)
        self.arrivals.append(Arrival(target, message, reply))
        return reply


def target_of(message: Message) -> str:
    """Return the URL or the address that a message is for."""
    return message.to if isinstance(message, EmailMessage) else message.url


def accept(message: Message) -> Reply:
    """Take the message."""
    return HttpReply(200) if isinstance(message, HttpMessage) else SmtpReply(250)
