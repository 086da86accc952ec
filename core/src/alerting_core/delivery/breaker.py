"""The circuit breaker: when what fails is left alone, and how it is tried again.

Theory of operation. A circuit is CLOSED (attempts flow) until as many attempts in a row as its policy says have failed
within a window. Then it is OPEN for a cool-down. An attempt that begins after that, or in spite of it, is a probe and
makes the circuit HALF_OPEN, which it is exactly as long as there are probes under way. The first probe to show
something decides: an answer closes the circuit, a failure opens it again for twice as long. A probe that ends without
showing anything, or never ends, makes room for another.

The machine says what is allowed; what a caller does instead is its own affair. Senders postpone what is for a host that
is left alone, mail goes to another provider, and evaluators go on with the rules they have.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final


class BreakerState(StrEnum):
    """What a circuit lets through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class BreakerEvent(StrEnum):
    """What moves a circuit. Two are found by counting; the others are what callers report."""

    ATTEMPTED = "attempted"
    ANSWERED = "answered"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    FAILED_TOO_OFTEN = "failed-too-often"
    PROBES_GONE = "probes-gone"


_S = BreakerState
_E = BreakerEvent

BREAKER_MOVES: Final[Mapping[tuple[BreakerState, BreakerEvent], BreakerState]] = {
    (_S.CLOSED, _E.ATTEMPTED): _S.CLOSED,
    (_S.CLOSED, _E.ANSWERED): _S.CLOSED,
    (_S.CLOSED, _E.FAILED): _S.CLOSED,
    (_S.CLOSED, _E.FAILED_TOO_OFTEN): _S.OPEN,
    (_S.CLOSED, _E.INCONCLUSIVE): _S.CLOSED,
    (_S.OPEN, _E.ATTEMPTED): _S.HALF_OPEN,
    # Attempts that began before the circuit opened still end: an answer is good news, another failure no news.
    (_S.OPEN, _E.ANSWERED): _S.CLOSED,
    (_S.OPEN, _E.FAILED): _S.OPEN,
    (_S.OPEN, _E.INCONCLUSIVE): _S.OPEN,
    (_S.HALF_OPEN, _E.ATTEMPTED): _S.HALF_OPEN,
    (_S.HALF_OPEN, _E.ANSWERED): _S.CLOSED,
    (_S.HALF_OPEN, _E.FAILED): _S.OPEN,
    (_S.HALF_OPEN, _E.INCONCLUSIVE): _S.HALF_OPEN,
    (_S.HALF_OPEN, _E.PROBES_GONE): _S.OPEN,
}
"""Every allowed move; a pair that is not here cannot happen."""


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """What differs between one thing that is left alone and another.

    Attributes:
        failures_to_open: In a row.
        failure_window_ms: Failures further apart than this say nothing about now.
        cool_down_ms_min: The first cool-down, doubled with each failed probe.
        cool_down_ms_max: The longest.
        probes_max: Attempts that test at once.
        probe_ms_max: When a probe that has not ended is taken for lost.
    """

    failures_to_open: int
    failure_window_ms: int
    cool_down_ms_min: int
    cool_down_ms_max: int
    probes_max: int
    probe_ms_max: int


@dataclass(frozen=True, slots=True)
class Breaker:
    """One circuit. Times are milliseconds of one clock, which may jump.

    Attributes:
        failed_at_ms: The latest failures in a row within the window, oldest first; CLOSED only.
        cool_down_ms: Of the present or the last opening; 0 when there was none since the last answer.
        until_ms: When an OPEN circuit has cooled down; when a HALF_OPEN one takes its probes for lost.
        probes: Under way; HALF_OPEN only.
    """

    policy: BreakerPolicy
    state: BreakerState = BreakerState.CLOSED
    failed_at_ms: tuple[int, ...] = ()
    cool_down_ms: int = 0
    until_ms: int = 0
    probes: int = 0

    def as_of(self, *, now_ms: int) -> "Breaker":
        """Return the circuit without probes that are lost, and with an end that no jump of the clock moved away."""
        if self.state is BreakerState.OPEN:
            until_ms = min(self.until_ms, now_ms + self.cool_down_ms)
            return self if until_ms == self.until_ms else replace(self, until_ms=until_ms)
        if self.state is BreakerState.HALF_OPEN and not now_ms < self.until_ms <= now_ms + self.policy.probe_ms_max:
            return self._without_probes(now_ms=now_ms)
        return self

    def allows(self, *, now_ms: int) -> bool:
        """Say whether an attempt may be made, which is a probe unless the circuit is CLOSED."""
        now = self.as_of(now_ms=now_ms)
        match now.state:
            case BreakerState.CLOSED:
                return True
            case BreakerState.OPEN:
                return now_ms >= now.until_ms
            case BreakerState.HALF_OPEN:
                return now.probes < self.policy.probes_max

    def begun(self, *, now_ms: int) -> "Breaker":
        """Return the circuit when one more attempt is under way, whether or not it was allowed."""
        now = self.as_of(now_ms=now_ms)
        state = BREAKER_MOVES[now.state, BreakerEvent.ATTEMPTED]
        if state is BreakerState.CLOSED:
            return now
        return replace(now, state=state, probes=now.probes + 1, until_ms=now_ms + self.policy.probe_ms_max)

    def ended(self, event: BreakerEvent, *, now_ms: int) -> "Breaker":
        """Return the circuit when an attempt has ended with *event*: ANSWERED, FAILED or INCONCLUSIVE."""
        match event:
            case BreakerEvent.ANSWERED:
                assert BREAKER_MOVES[self.state, event] is BreakerState.CLOSED, "an answer is good news in any state"
                return Breaker(self.policy)
            case BreakerEvent.FAILED:
                return self._failed(now_ms=now_ms)
            case _:
                return self._inconclusive(event, now_ms=now_ms)

    def _failed(self, *, now_ms: int) -> "Breaker":
        policy, event, recent = self.policy, BreakerEvent.FAILED, tuple[int, ...]()
        if self.state is BreakerState.CLOSED:
            recent = tuple(at_ms for at_ms in self.failed_at_ms if 0 <= now_ms - at_ms < policy.failure_window_ms)
            if len(recent) + 1 >= policy.failures_to_open:
                event = BreakerEvent.FAILED_TOO_OFTEN
        state = BREAKER_MOVES[self.state, event]
        if state is BreakerState.CLOSED:
            return Breaker(policy, failed_at_ms=(*recent, now_ms))
        if self.state is BreakerState.OPEN:
            return self
        cool_down_ms = min(max(policy.cool_down_ms_min, 2 * self.cool_down_ms), policy.cool_down_ms_max)
        return Breaker(policy, state, cool_down_ms=cool_down_ms, until_ms=now_ms + cool_down_ms)

    def _inconclusive(self, event: BreakerEvent, *, now_ms: int) -> "Breaker":
        if BREAKER_MOVES[self.state, event] is not BreakerState.HALF_OPEN:
            return self
        return replace(self, probes=self.probes - 1) if self.probes > 1 else self._without_probes(now_ms=now_ms)

    def _without_probes(self, *, now_ms: int) -> "Breaker":
        """Return the circuit as cooled down as it was before its probes, which have shown nothing."""
        state = BREAKER_MOVES[self.state, BreakerEvent.PROBES_GONE]
        return Breaker(self.policy, state, cool_down_ms=self.cool_down_ms, until_ms=now_ms)
