"""Leaving a dead host alone: one circuit breaker per host.

Theory of operation. A host is CLOSED (the circuit is: attempts flow) until `FAILURES_TO_OPEN` attempts in a row fail
within `FAILURE_WINDOW_MS`. Then it is OPEN: nothing is sent for a cool-down. After that it is HALF_OPEN: a few probes
are let through, and the first to end decides: an answer closes the circuit, a failure opens it again for twice as long.

A failure here is about the host, not about the message: no answer, a 5xx, a 429, or a mail server that closes down
(421). A 404 is an answer. Attempts of one delivery are minutes apart after the first two, so that the retries of a
lonely delivery never open a circuit; many deliveries to a dead host do.

What a circuit holds back is postponed without using up its retry schedule. A delivery that has been held back for as
long as its schedule could have lasted is dead: it must end, and it would be by now.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from alerting_core import limits
from alerting_core.domain.claim import Claim, Outcome
from alerting_core.domain.delivery import Attempt, DeliveryEvent, Reason
from alerting_core.domain.ids import derive_attempt_id
from alerting_core.stages.retry import RetrySchedule

FAILURES_TO_OPEN: Final = 5
"""In a row. Fewer would open on bad luck; more would let a batch time out one by one."""

FAILURE_WINDOW_MS: Final = 60_000
"""Failures further apart than this say nothing about now."""

COOL_DOWN_MS_MIN: Final = 10_000
COOL_DOWN_MS_MAX: Final = 300_000
"""From a restart's length, doubled with each failed probe, to as long as a recovered host may wait at most."""

PROBE_WAIT_MS: Final = limits.CONNECT_MS_MAX
"""What waits beside the probes is looked at again when a dead host would have shown itself."""

_FAILURES: Final = frozenset(
    {
        Reason.TIMED_OUT,
        Reason.CONNECTION_FAILED,
        Reason.NAME_NOT_RESOLVED,
        Reason.TLS_FAILED,
        Reason.PROTOCOL_ERROR,
        Reason.HTTP_SERVER_ERROR,
        Reason.RATE_LIMITED,
    }
)
_SAYS_NOTHING: Final = frozenset({Reason.FORBIDDEN_ADDRESS, Reason.NOT_CONFIGURED, Reason.CIRCUIT_OPEN})
"""Decided on our side: the host was not asked."""

_SMTP_CLOSING_DOWN: Final = 421


class BreakerState(StrEnum):
    """What a host's circuit lets through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class BreakerEvent(StrEnum):
    """What moves a breaker."""

    ANSWERED = "answered"
    FAILED = "failed"
    FAILED_TOO_OFTEN = "failed-too-often"
    COOLED_DOWN = "cooled-down"


_S = BreakerState
_E = BreakerEvent

BREAKER_MOVES: Final[Mapping[tuple[BreakerState, BreakerEvent], BreakerState]] = {
    (_S.CLOSED, _E.ANSWERED): _S.CLOSED,
    (_S.CLOSED, _E.FAILED): _S.CLOSED,
    (_S.CLOSED, _E.FAILED_TOO_OFTEN): _S.OPEN,
    # Attempts that began before the circuit opened still end: an answer is good news, another failure no news.
    (_S.OPEN, _E.ANSWERED): _S.CLOSED,
    (_S.OPEN, _E.FAILED): _S.OPEN,
    (_S.OPEN, _E.COOLED_DOWN): _S.HALF_OPEN,
    (_S.HALF_OPEN, _E.ANSWERED): _S.CLOSED,
    (_S.HALF_OPEN, _E.FAILED): _S.OPEN,
}
"""Every allowed move; a pair that is not here cannot happen."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """One host's circuit.

    Attributes:
        failed_at_ms: The latest failures in a row within the window, oldest first; CLOSED only.
        cool_down_ms: Of the present or the last opening; 0 when there was none since the host last answered.
        until_ms: When an OPEN circuit has cooled down; when a HALF_OPEN one takes its probes for lost.
        probes: Under way; HALF_OPEN only.
    """

    state: BreakerState = BreakerState.CLOSED
    failed_at_ms: tuple[int, ...] = ()
    cool_down_ms: int = 0
    until_ms: int = 0
    probes: int = 0


def next_cool_down_ms(before_ms: int) -> int:
    """Return how long to leave alone what has failed again; *before_ms* is the time before, 0 for the first."""
    return min(max(COOL_DOWN_MS_MIN, 2 * before_ms), COOL_DOWN_MS_MAX)


def move_breaker(breaker: Breaker, event: BreakerEvent, *, now_ms: int) -> Breaker:
    """Return *breaker* after *event*, by the table `BREAKER_MOVES`."""
    state = BREAKER_MOVES[breaker.state, event]
    if state is BreakerState.OPEN and breaker.state is not BreakerState.OPEN:
        cool_down_ms = next_cool_down_ms(breaker.cool_down_ms)
        return Breaker(state, cool_down_ms=cool_down_ms, until_ms=now_ms + cool_down_ms)
    if state is BreakerState.HALF_OPEN:
        return replace(breaker, state=state, until_ms=now_ms + limits.REQUEST_MS_MAX)
    if state is BreakerState.CLOSED:
        return Breaker(failed_at_ms=(*breaker.failed_at_ms, now_ms) if event is BreakerEvent.FAILED else ())
    return breaker


class Breakers:
    """The circuits of all hosts that are in trouble; a host that is not here is CLOSED without a failure.

    One sender's own view: others find out for themselves. At most `limits.BREAKER_HOSTS_MAX` hosts are remembered.
    """

    def __init__(self, schedule: RetrySchedule) -> None:
        """Begin with every circuit closed; *schedule* says how long a held-back delivery may wait."""
        self._schedule = schedule
        self._breakers: OrderedDict[str, Breaker] = OrderedDict()

    def state_of(self, host: str) -> BreakerState:
        """Return the state of the circuit of *host*, as it was when last looked at."""
        return self._breakers.get(host, Breaker()).state

    def troubled(self) -> dict[str, BreakerState]:
        """Return the hosts whose circuit is not closed, that of the latest news last, for metrics and for people."""
        closed = BreakerState.CLOSED
        return {host: breaker.state for host, breaker in self._breakers.items() if breaker.state is not closed}

    def refuse(self, claim: Claim, *, now_ms: int) -> Outcome | None:
        """Return the outcome of a claim whose host is left alone; None when the attempt may be made now.

        None from a half-open circuit is a probe: its outcome has to come back by `learn`, or is taken for lost after
        the longest time that an attempt can take.
        """
        host = claim.delivery.host
        breaker = self._breakers.get(host)
        if breaker is None or breaker.state is BreakerState.CLOSED:
            return None
        if breaker.state is BreakerState.OPEN:
            # After a clock that jumped back the end must not be further away than it ever was.
            until_ms = min(breaker.until_ms, now_ms + breaker.cool_down_ms)
            if now_ms < until_ms:
                self._keep(host, replace(breaker, until_ms=until_ms))
                return self._hold_back(claim, until_ms, now_ms=now_ms)
            breaker = move_breaker(breaker, BreakerEvent.COOLED_DOWN, now_ms=now_ms)
        longest_ms = limits.REQUEST_MS_MAX
        if not now_ms < breaker.until_ms <= now_ms + longest_ms:
            breaker = replace(breaker, probes=0, until_ms=now_ms + longest_ms)
        if breaker.probes >= limits.BREAKER_PROBES_MAX:
            return self._hold_back(claim, now_ms + PROBE_WAIT_MS, now_ms=now_ms)
        self._keep(host, replace(breaker, probes=breaker.probes + 1))
        return None

    def learn(self, host: str, outcome: Outcome, *, now_ms: int) -> None:
        """Take in what an attempt at *host* came to."""
        breaker = self._breakers.get(host, Breaker())
        if outcome.attempt is None or outcome.reason in _SAYS_NOTHING:
            # A probe that was never sent makes room for another.
            self._keep(host, replace(breaker, probes=max(0, breaker.probes - 1)))
            return
        event = BreakerEvent.FAILED if _is_failure(outcome.attempt) else BreakerEvent.ANSWERED
        if event is BreakerEvent.FAILED and breaker.state is BreakerState.CLOSED:
            recent = tuple(at_ms for at_ms in breaker.failed_at_ms if 0 <= now_ms - at_ms < FAILURE_WINDOW_MS)
            breaker = replace(breaker, failed_at_ms=recent)
            if len(recent) + 1 >= FAILURES_TO_OPEN:
                event = BreakerEvent.FAILED_TOO_OFTEN
        self._keep(host, move_breaker(breaker, event, now_ms=now_ms))

    def _keep(self, host: str, breaker: Breaker) -> None:
        self._breakers.pop(host, None)
        if breaker != Breaker():
            self._breakers[host] = breaker
        while len(self._breakers) > limits.BREAKER_HOSTS_MAX:
            self._breakers.popitem(last=False)

    def _hold_back(self, claim: Claim, until_ms: int, *, now_ms: int) -> Outcome:
        """Postpone the claim, or give its delivery up when it has waited as long as its schedule could have lasted."""
        delivery = claim.delivery
        patience_ms = self._schedule.longest_ms(after_attempts=delivery.attempts)
        if now_ms < delivery.updated_at_ms + patience_ms:
            return Outcome(claim, Reason.CIRCUIT_OPEN, None, next_attempt_at_ms=until_ms)
        attempt = Attempt(
            attempt_id=derive_attempt_id(delivery.delivery_id, claim.owner),
            delivery_id=delivery.delivery_id,
            number=delivery.attempts + 1,
            reason=Reason.CIRCUIT_OPEN,
            started_at_ms=now_ms,
            latency_ms=0,
            detail="not sent: the host has not answered for as long as the retry schedule lasts",
        )
        return Outcome(claim, Reason.CIRCUIT_OPEN, DeliveryEvent.GIVEN_UP, attempt)


def _is_failure(attempt: Attempt) -> bool:
    if attempt.reason is Reason.SMTP_TEMPORARY:
        return attempt.status_code == _SMTP_CLOSING_DOWN
    return attempt.reason in _FAILURES
