"""Decided per host: which one a target has, when it is left alone, how many deliveries a sender holds for it."""

from collections import OrderedDict
from collections.abc import Collection
from typing import Final, assert_never

from alerting_core import limits
from alerting_core.delivery.breaker import Breaker, BreakerEvent, BreakerPolicy, BreakerState
from alerting_core.delivery.retry import RetrySchedule
from alerting_core.domain.claim import Claim, EmailMessage, Message, Outcome
from alerting_core.domain.delivery import Attempt, DeliveryEvent, Reason, derive_attempt_id
from alerting_core.domain.endpoint import EndpointType, is_within, read_address, read_url

SMTP_HOST: Final = "smtp"
"""What all e-mail counts by."""

UNREADABLE_HOST: Final = "unreadable"
"""What a target counts by that no check of this version would have let in."""

PLACEHOLDER_DOMAINS: Final = frozenset(
    {"example.com", "example.org", "example.net", "test.com", "example", "invalid", "test"}
)
"""Domains that people put into test data, each with all below it: nobody there waits for our messages (RFC 2606)."""


def host_of(endpoint_type: EndpointType, target: str) -> str:
    """Return what concurrency limits and breakers count *target* by.

    For URLs `host:port` in lower case, the scheme's port when none is written; for all e-mail the one name `smtp`.
    """
    match endpoint_type:
        case EndpointType.EMAIL:
            return SMTP_HOST
        case EndpointType.WEBHOOK | EndpointType.SLACK:
            url = read_url(target)
            return f"{url.host}:{url.port}" if url else UNREADABLE_HOST
        case _:
            assert_never(endpoint_type)


def host_name(host: str) -> str:
    """Return the name in what `host_of` returned, without a port."""
    return host.rpartition(":")[0] or host


def host_name_of(message: Message) -> str:
    """Return the name of the host that *message* is sent to."""
    if isinstance(message, EmailMessage):
        return SMTP_HOST
    return host_name(host_of(EndpointType.WEBHOOK, message.url))


def is_placeholder(endpoint_type: EndpointType, target: str, placeholders: Collection[str]) -> bool:
    """Say whether *target* is at one of the domains *placeholders*, or below one."""
    domain = _domain_of(endpoint_type, target)
    return domain is not None and is_within(domain, placeholders)


def _domain_of(endpoint_type: EndpointType, target: str) -> str | None:
    match endpoint_type:
        case EndpointType.EMAIL:
            address = read_address(target)
            return address.rpartition("@")[2] if address else None
        case EndpointType.WEBHOOK | EndpointType.SLACK:
            url = read_url(target)
            return url.host if url else None
        case _:
            assert_never(endpoint_type)


FAILURES_TO_OPEN: Final = 5
"""In a row. Fewer would open on bad luck; more would let a batch time out one by one."""

FAILURE_WINDOW_MS: Final = 60_000
"""Failures further apart than this say nothing about now."""

COOL_DOWN_MS_MIN: Final = 10_000
COOL_DOWN_MS_MAX: Final = 300_000
"""From a restart's length, doubled with each failed probe, to as long as a recovered host may wait at most."""

PROBE_WAIT_MS: Final = limits.CONNECT_MS_MAX
"""What waits beside the probes is looked at again when a dead host would have shown itself."""

_UNTROUBLED: Final = Breaker(
    BreakerPolicy(
        failures_to_open=FAILURES_TO_OPEN,
        failure_window_ms=FAILURE_WINDOW_MS,
        cool_down_ms_min=COOL_DOWN_MS_MIN,
        cool_down_ms_max=COOL_DOWN_MS_MAX,
        probes_max=limits.BREAKER_PROBES_MAX,
        probe_ms_max=limits.REQUEST_MS_MAX,
    )
)

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
_NO_VERDICT: Final = frozenset({Reason.FORBIDDEN_ADDRESS, Reason.NOT_CONFIGURED, Reason.CIRCUIT_OPEN})
"""Decided on our side: the host was not asked."""

_SMTP_CLOSING_DOWN: Final = 421


class Breakers:
    """The circuits of all hosts that are in trouble; a host that is not here is CLOSED without a failure.

    One sender's own view: others find out for themselves. At most `limits.BREAKER_HOSTS_MAX` hosts are remembered.
    """

    def __init__(self, schedule: RetrySchedule) -> None:
        """Begin with every circuit closed; *schedule* says how long a held-back delivery may wait."""
        self._schedule = schedule
        self._breakers: OrderedDict[str, Breaker] = OrderedDict()

    def troubled(self) -> dict[str, BreakerState]:
        """Return the hosts whose circuit is not closed, that of the latest news last, for metrics and for people."""
        closed = BreakerState.CLOSED
        return {host: breaker.state for host, breaker in self._breakers.items() if breaker.state is not closed}

    def refuse(self, claim: Claim, *, now_ms: int) -> Outcome | None:
        """Return the outcome of a claim whose host is left alone; None when the attempt may be made now.

        None from a circuit that is not closed is a probe: its outcome has to come back by `learn`, or is taken for
        lost after the longest time that an attempt can take.
        """
        host = claim.delivery.host
        breaker = self._breakers.get(host)
        if breaker is None or breaker.state is BreakerState.CLOSED:
            return None
        breaker = breaker.as_of(now_ms=now_ms)
        if breaker.allows(now_ms=now_ms):
            self._keep(host, breaker.begun(now_ms=now_ms))
            return None
        if breaker.state is BreakerState.HALF_OPEN:
            return self._hold_back(claim, now_ms + PROBE_WAIT_MS, now_ms=now_ms)
        self._keep(host, breaker)
        return self._hold_back(claim, breaker.until_ms, now_ms=now_ms)

    def learn(self, host: str, outcome: Outcome, *, now_ms: int) -> None:
        """Take in what an attempt at *host* came to."""
        breaker = self._breakers.get(host, _UNTROUBLED)
        self._keep(host, breaker.ended(_event_of(outcome), now_ms=now_ms))

    def _keep(self, host: str, breaker: Breaker) -> None:
        self._breakers.pop(host, None)
        if breaker != _UNTROUBLED:
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


def _event_of(outcome: Outcome) -> BreakerEvent:
    attempt = outcome.attempt
    if attempt is None or outcome.reason in _NO_VERDICT:
        return BreakerEvent.INCONCLUSIVE
    if attempt.reason is Reason.SMTP_TEMPORARY:
        is_failure = attempt.status_code == _SMTP_CLOSING_DOWN
    else:
        is_failure = attempt.reason in _FAILURES
    return BreakerEvent.FAILED if is_failure else BreakerEvent.ANSWERED


WINDOW_MIN: Final = 1
"""A host without a recent success: no further claim while it holds any."""

WINDOW_MAX: Final = 512
"""Sixteen times `limits.HOST_CONCURRENCY_MAX`: a host that answers within milliseconds does not wait for a claim. A
quarter of what a sender holds, so that a few hosts that suddenly fall silent do not take all of it."""

HOSTS_REMEMBERED_MAX: Final = 4_096
"""Hosts whose window is kept; the one used longest ago is forgotten and starts small again."""


class HostWindows:
    """Claims held and claims allowed, per host."""

    def __init__(self) -> None:
        self._held: dict[str, int] = {}
        self._window: OrderedDict[str, int] = OrderedDict()

    @property
    def held(self) -> int:
        """All claims held, of all hosts."""
        return sum(self._held.values())

    def held_of(self, host: str) -> int:
        """Return the claims held of *host*."""
        return self._held.get(host, 0)

    def full(self) -> Collection[str]:
        """Return the hosts for which nothing more is to be claimed now."""
        return [host for host, held in self._held.items() if held >= self._window.get(host, WINDOW_MIN)]

    def take(self, host: str) -> None:
        """Count one more claim of *host*."""
        self._held[host] = self._held.get(host, 0) + 1

    def give_back(self, host: str) -> None:
        """Count one claim of *host* less."""
        left = self._held[host] - 1
        if left:
            self._held[host] = left
        else:
            del self._held[host]

    def learn(self, host: str, *, answered_well: bool) -> None:
        """Widen the window of a host that answered well; close that of one that did not."""
        window = self._window.pop(host, WINDOW_MIN)
        self._window[host] = min(WINDOW_MAX, window * 2) if answered_well else WINDOW_MIN
        if len(self._window) > HOSTS_REMEMBERED_MAX:
            self._window.popitem(last=False)
