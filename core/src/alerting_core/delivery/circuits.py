"""What is left alone: a target that fails, and a host that does not answer at all.

Theory of operation. Every target of a client has a circuit of its own (`Target`). It counts what failed there: 5xx, no
answer, garbage. A 429 is an answer: `delivery.pace` waits for as long as it asks. So one client's broken hook is its
own affair, on whatever host it lies and whoever else uses that URL.

A host has a circuit as well, which counts only what is about the host: no name, no connection, no TLS, no answer. It
opens when several targets, of more than one client, found it so one after the other. Even then it only holds back those
targets that failed there themselves: it tells them what others have found meanwhile, and lets a few of them try where
each would have tried alone. A target that has not failed is sent to whatever happened to others.

Nothing is given up without having been sent: what has waited for as long as its schedule could have lasted gets one
attempt in spite of an open circuit, unless it had one before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from alerting_core import limits
from alerting_core.delivery.breaker import Breaker, BreakerEvent, BreakerPolicy, BreakerState
from alerting_core.delivery.remembered import Remembered
from alerting_core.delivery.retry import RetrySchedule
from alerting_core.domain.claim import Claim, Outcome
from alerting_core.domain.delivery import Attempt, DeliveryEvent, Reason, Target, derive_attempt_id

FAILURES_TO_OPEN: Final = 5
"""In a row. Fewer would open on bad luck; more would let a batch time out one by one."""

FAILURE_WINDOW_MS: Final = 60_000
"""Failures further apart than this say nothing about now."""

COOL_DOWN_MS_MIN: Final = 10_000
COOL_DOWN_MS_MAX: Final = 300_000
"""From a restart's length, doubled with each failed probe, to as long as a recovered target may wait at most."""

PROBE_WAIT_MS: Final = limits.CONNECT_MS_MAX
"""What waits beside the probes is looked at again when a dead host would have shown itself."""

HOST_TARGETS_MIN: Final = 3
HOST_CLIENTS_MIN: Final = 2
"""Targets, and their clients, that must have failed at a host before it is the host's fault: of one URL, or of one
client's, nobody can tell."""

WITNESSES_MAX: Final = 8
"""Targets that are remembered to have failed at a host."""

_WELL: Final = Breaker(
    BreakerPolicy(
        failures_to_open=FAILURES_TO_OPEN,
        failure_window_ms=FAILURE_WINDOW_MS,
        cool_down_ms_min=COOL_DOWN_MS_MIN,
        cool_down_ms_max=COOL_DOWN_MS_MAX,
        probes_max=limits.BREAKER_PROBES_MAX,
        probe_ms_max=limits.REQUEST_MS_MAX,
    )
)

_ABOUT_HOST: Final = frozenset(
    {Reason.TIMED_OUT, Reason.CONNECTION_FAILED, Reason.NAME_NOT_RESOLVED, Reason.TLS_FAILED}
)
"""There was nobody to answer."""

_ABOUT_TARGET: Final = _ABOUT_HOST | {Reason.PROTOCOL_ERROR, Reason.HTTP_SERVER_ERROR}

_NO_VERDICT: Final = frozenset({Reason.FORBIDDEN_ADDRESS, Reason.NOT_CONFIGURED, Reason.CIRCUIT_OPEN})
"""Decided on our side: nobody was asked."""

_SMTP_CLOSING_DOWN: Final = 421


@dataclass(frozen=True, slots=True)
class HostTrouble:
    """What is known of a host that failed.

    Attributes:
        witnesses: The latest targets that failed there, none twice.
    """

    breaker: Breaker = _WELL
    witnesses: tuple[Target, ...] = ()

    def failed(self, target: Target, *, now_ms: int) -> "HostTrouble":
        """Return what is known when *target* found nobody there, too."""
        breaker = self.breaker.ended(BreakerEvent.FAILED, now_ms=now_ms)
        is_first = breaker.state is BreakerState.CLOSED and len(breaker.failed_at_ms) == 1
        witnesses = (target,) if is_first else self._with(target)
        opens = self.breaker.state is BreakerState.CLOSED and breaker.state is BreakerState.OPEN
        if opens and not _are_several(witnesses):
            breaker = self.breaker
        return HostTrouble(breaker, witnesses)

    def _with(self, target: Target) -> tuple[Target, ...]:
        others = [witness for witness in self.witnesses if witness != target]
        own = [witness for witness in others if witness.client_id == target.client_id]
        if len(own) >= HOST_TARGETS_MIN:
            others.remove(own[0])  # Many of one client do not crowd out the others.
        return (*others[1 - WITNESSES_MAX :], target)


def _are_several(witnesses: Sequence[Target]) -> bool:
    clients = {witness.client_id for witness in witnesses}
    return len(witnesses) >= HOST_TARGETS_MIN and len(clients) >= HOST_CLIENTS_MIN


class Circuits:
    """The circuits of all targets and hosts that are in trouble; what is not here is CLOSED without a failure.

    One sender's own view: others find out for themselves, by a few attempts each.
    """

    def __init__(self, schedule: RetrySchedule) -> None:
        """Begin with every circuit closed; *schedule* says how long a held-back delivery may wait."""
        self._schedule = schedule
        self._targets = Remembered[Target, tuple[Breaker, str]](limits.TARGETS_REMEMBERED_MAX)
        self._hosts = Remembered[str, HostTrouble](limits.BREAKER_HOSTS_MAX)

    def hosts(self) -> dict[str, BreakerState]:
        """Return the hosts whose circuit is not closed, that of the latest news last, for metrics and for people."""
        closed = BreakerState.CLOSED
        return {h: trouble.breaker.state for h, trouble in self._hosts.items() if trouble.breaker.state is not closed}

    def targets(self) -> dict[Target, BreakerState]:
        """Return the targets whose circuit is not closed, that of the latest news last."""
        closed = BreakerState.CLOSED
        return {target: own.state for target, (own, _) in self._targets.items() if own.state is not closed}

    def targets_at_hosts(self) -> dict[str, tuple[BreakerState, int]]:
        """Return each host with such targets, their state if it is the same for all, else OPEN, and their number."""
        found: dict[str, tuple[BreakerState, int]] = {}
        for _, (own, host) in reversed(self._targets.items()):
            if own.state is not BreakerState.CLOSED:
                state, count = found.get(host, (own.state, 0))
                found[host] = (state if state is own.state else BreakerState.OPEN, count + 1)
        return found

    def refuse(self, claim: Claim, *, now_ms: int) -> Outcome | None:
        """Return the outcome of a claim whose target is left alone; None when the attempt may be made now.

        None from a circuit that is not closed is a probe: its outcome has to come back by `learn`, or is taken for
        lost after the longest time that an attempt can take.
        """
        target, host = claim.delivery.target_key, claim.delivery.host
        if target not in self._targets:
            return None
        own = self._own(target).as_of(now_ms=now_ms)
        trouble = self._hosts.get(host, HostTrouble())
        shared = trouble.breaker.as_of(now_ms=now_ms)
        closed = next((one for one in (own, shared) if not one.allows(now_ms=now_ms)), None)
        if closed is not None:
            until_ms = now_ms + PROBE_WAIT_MS if closed.state is BreakerState.HALF_OPEN else closed.until_ms
            if (outcome := self._hold_back(claim, until_ms, now_ms=now_ms)) is not None:
                # As of now: what a clock that jumped had moved away stays near.
                self._keep_target(target, own, host)
                self._keep_host(host, replace(trouble, breaker=shared))
                return outcome
        self._keep_target(target, own.begun(now_ms=now_ms), host)
        self._keep_host(host, replace(trouble, breaker=shared.begun(now_ms=now_ms)))
        return None

    def learn(self, claim: Claim, outcome: Outcome, *, now_ms: int) -> Outcome:
        """Take in what the attempt of *claim* came to, and return it: given up if this was its last chance."""
        target, host = claim.delivery.target_key, claim.delivery.host
        if outcome.event is DeliveryEvent.ACCEPTED and target not in self._targets:  # As nearly always: little to do.
            self._hosts.forget(host)
            return outcome
        own, trouble = self._own(target), self._hosts.get(host, HostTrouble())
        last_chance = own.state is not BreakerState.CLOSED and self._schedule.is_over_for(claim.delivery, now_ms=now_ms)
        self._keep_target(target, own.ended(_event_of(outcome, _ABOUT_TARGET), now_ms=now_ms), host)
        match _event_of(outcome, _ABOUT_HOST):
            case BreakerEvent.FAILED:
                self._keep_host(host, trouble.failed(target, now_ms=now_ms))
            case BreakerEvent.ANSWERED:
                self._hosts.forget(host)
            case event:
                self._keep_host(host, replace(trouble, breaker=trouble.breaker.ended(event, now_ms=now_ms)))
        # One that is too busy is there: `stages.attempts` says for how long it is waited for.
        return give_up(outcome) if last_chance and outcome.reason is not Reason.RATE_LIMITED else outcome

    def _own(self, target: Target) -> Breaker:
        return self._targets.get(target, (_WELL, ""))[0]

    def _keep_target(self, target: Target, breaker: Breaker, host: str) -> None:
        if breaker == _WELL:
            self._targets.forget(target)
        else:
            self._targets.put(target, (breaker, host))

    def _keep_host(self, host: str, trouble: HostTrouble) -> None:
        if trouble.breaker == _WELL and not trouble.witnesses:
            self._hosts.forget(host)
        else:
            self._hosts.put(host, trouble)

    def _hold_back(self, claim: Claim, until_ms: int, *, now_ms: int) -> Outcome | None:
        """Postpone the claim; when it has waited too long give it up, or None if it was never sent."""
        delivery = claim.delivery
        if not self._schedule.is_over_for(claim.delivery, now_ms=now_ms):
            return Outcome(claim, Reason.CIRCUIT_OPEN, None, next_attempt_at_ms=until_ms)
        if not delivery.attempts:
            return None
        attempt = Attempt(
            attempt_id=derive_attempt_id(delivery.delivery_id, claim.owner),
            delivery_id=delivery.delivery_id,
            number=delivery.attempts + 1,
            reason=Reason.CIRCUIT_OPEN,
            started_at_ms=now_ms,
            latency_ms=0,
            detail="not sent again: the target has failed for as long as the retry schedule lasts",
        )
        return Outcome(claim, Reason.CIRCUIT_OPEN, DeliveryEvent.GIVEN_UP, attempt)


def give_up(outcome: Outcome) -> Outcome:
    """Return *outcome* without a further attempt, if there was to be one."""
    if outcome.next_attempt_at_ms is None or outcome.attempt is None:
        return outcome
    return replace(outcome, event=DeliveryEvent.GIVEN_UP, next_attempt_at_ms=None)


def _event_of(outcome: Outcome, failures: frozenset[Reason]) -> BreakerEvent:
    attempt = outcome.attempt
    if attempt is None or outcome.reason in _NO_VERDICT:
        return BreakerEvent.INCONCLUSIVE
    if attempt.reason is Reason.SMTP_TEMPORARY:
        is_failure = attempt.status_code == _SMTP_CLOSING_DOWN
    else:
        is_failure = attempt.reason in failures
    return BreakerEvent.FAILED if is_failure else BreakerEvent.ANSWERED
