"""Leaving Redis alone while it does not answer, so that each question does not wait for it anew."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from alerting_backend.adapters.redis.connection import ANSWER_SECONDS_MAX, CONNECT_SECONDS_MAX
from alerting_backend.adapters.system import monotonic_ms
from alerting_core.errors import PortUnavailable
from alerting_core.stages.breaker import Breaker, BreakerEvent, BreakerPolicy

COOL_DOWN_MS_MIN: Final = 250
COOL_DOWN_MS_MAX: Final = 2_000
"""Together with the longest wait for an answer: how late a server that is back is noticed."""

_PROBE_MS_MAX: Final = int(1_000 * (CONNECT_SECONDS_MAX + ANSWER_SECONDS_MAX))
"""A first question that has no answer by then has failed, or is past it and still reads."""


class RedisBreaker:
    """The circuit of one server: while it is open, questions end with the error of the last one that was asked.

    Args:
        cool_down_ms_max: How long the server is left alone at most; 0 to ask every time.
        clock_ms: A clock that never goes back.
    """

    def __init__(
        self, *, cool_down_ms_max: int = COOL_DOWN_MS_MAX, clock_ms: Callable[[], float] = monotonic_ms
    ) -> None:
        policy = BreakerPolicy(
            failures_to_open=1,  # Whoever asks can do without an answer for two seconds.
            failure_window_ms=COOL_DOWN_MS_MAX,
            cool_down_ms_min=COOL_DOWN_MS_MIN,
            cool_down_ms_max=cool_down_ms_max,
            probes_max=1,
            probe_ms_max=_PROBE_MS_MAX,
        )
        self._breaker = Breaker(policy)
        self._clock_ms = clock_ms
        self._error: PortUnavailable | None = None

    @contextmanager
    def question(self) -> Iterator[None]:
        """Ask inside the block; a PortUnavailable that leaves it is a failure of the server.

        Raises:
            PortUnavailable: The server is left alone at present.
        """
        now_ms = int(self._clock_ms())
        if self._error is not None and not self._breaker.allows(now_ms=now_ms):
            raise PortUnavailable(
                self._error.resource, operation=self._error.operation, detail="it failed a moment ago"
            ) from self._error
        self._breaker = self._breaker.begun(now_ms=now_ms)
        event = BreakerEvent.INCONCLUSIVE
        try:
            yield
            event, self._error = BreakerEvent.ANSWERED, None
        except PortUnavailable as error:
            event, self._error = BreakerEvent.FAILED, error
            raise
        finally:
            self._breaker = self._breaker.ended(event, now_ms=int(self._clock_ms()))
