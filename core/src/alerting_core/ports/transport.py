"""Carrying one message to one target."""

from typing import Protocol

from alerting_core.domain.message import Message, Reply


class Transport(Protocol):
    """Sends messages. One try per call: retries are decided above it."""

    async def send(self, message: Message) -> Reply:
        """Carry *message* to its target and return the answer.

        Whatever the target does (refuses, hangs, sends garbage, gigabytes or a redirect) is a `Reply`, never an
        exception, and comes within `limits.REQUEST_MS_MAX`. Redirects are not followed. Addresses that the operator's
        policy forbids are not connected to, whatever name led there.
        """
        ...
