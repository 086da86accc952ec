"""Leaving a server alone that does not answer, so that each question does not wait for it anew."""

import asyncio
from typing import Final

from alerting_core.errors import PortUnavailable

REST_SECONDS_BASE: Final = 0.25
REST_SECONDS_MAX: Final = 2.0
"""Together with the longest wait for an answer: how late a server that is back is noticed."""


class Rest:
    """Passes on the error of the last question for a while, and longer with each further one that fails.

    Args:
        seconds_max: The longest while; 0 to ask every time.
    """

    def __init__(self, *, seconds_max: float = REST_SECONDS_MAX) -> None:
        self._seconds_max = seconds_max
        self._error: PortUnavailable | None = None
        self._seconds = 0.0
        self._until = 0.0

    def check(self) -> None:
        """Raise the last error again while its time is not over."""
        if self._error is not None and asyncio.get_running_loop().time() < self._until:
            raise PortUnavailable(
                self._error.resource, operation=self._error.operation, detail="it failed a moment ago"
            ) from self._error

    def failed(self, error: PortUnavailable) -> None:
        """Note that a question failed."""
        self._error = error
        self._seconds = min(self._seconds_max, max(REST_SECONDS_BASE, self._seconds * 2))
        self._until = asyncio.get_running_loop().time() + self._seconds

    def worked(self) -> None:
        """Note that a question was answered."""
        self._error, self._seconds = None, 0.0
