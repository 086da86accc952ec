"""Several providers of mail in an order: one that fails is asked last for a while."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Final, Self

import structlog

from alerting_backend.adapters.system import monotonic_ms
from alerting_backend.adapters.transport import endings, mail
from alerting_core import limits
from alerting_core.delivery.breaker import Breaker, BreakerEvent, BreakerPolicy, BreakerState
from alerting_core.delivery.circuits import COOL_DOWN_MS_MAX, COOL_DOWN_MS_MIN, FAILURE_WINDOW_MS
from alerting_core.domain import claim, delivery

WELL: Final = Breaker(
    BreakerPolicy(
        failures_to_open=1,  # There is another provider; why should the next mail wait?
        failure_window_ms=FAILURE_WINDOW_MS,
        # As long as a host is left alone: a provider fails and recovers as any server does.
        cool_down_ms_min=COOL_DOWN_MS_MIN,
        cool_down_ms_max=COOL_DOWN_MS_MAX,
        probes_max=1,
        probe_ms_max=limits.REQUEST_MS_MAX,
    )
)
"""The circuit of a provider that nothing bad is known of."""

_EVENTS: Final = {
    endings.Shows.SERVES: BreakerEvent.ANSWERED,
    endings.Shows.FAILS: BreakerEvent.FAILED,
    endings.Shows.NOTHING: BreakerEvent.INCONCLUSIVE,
}

_SHARE_MIN: Final = 1 / 15
"""Of an attempt's time: one second. In less, a provider that is well could not be told from one that fails."""

_OUT_OF_TIME: Final = endings.Handover(
    endings.Ending.OUT_OF_TIME, claim.Unreached(delivery.Reason.TIMED_OUT, "not asked: no time was left")
)

_log = structlog.get_logger("alerting.mail")


@dataclass(slots=True)
class MailProvider:
    """One provider and how it is doing.

    Attributes:
        name: What attempts call it.
        breaker: Whether it is left alone.
        failure: How it failed when it was last left alone, for people.
    """

    name: str
    transport: mail.MailTransport
    breaker: Breaker = WELL
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What one provider made of a mail."""

    name: str
    handover: endings.Handover


class MailProviders:
    """Sends `EmailMessage`s through *providers*, in their order. Use as an async context manager.

    Args:
        providers: At least one; the transports are closed with this.
        request_ms: For the whole attempt, whoever is asked.
        clock_ms: A clock that never goes back.
    """

    def __init__(
        self,
        providers: Sequence[MailProvider],
        *,
        request_ms: int = limits.REQUEST_MS_MAX,
        clock_ms: Callable[[], float] = monotonic_ms,
    ) -> None:
        """Connect to nothing yet."""
        assert providers, "without a provider there is no mail"
        self._providers = providers
        self._request_ms = request_ms
        self._clock_ms = clock_ms
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Open nothing: connections are made when the first mail leaves."""
        for provider in self._providers:
            await self._stack.enter_async_context(provider.transport)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every connection."""
        await self._stack.aclose()

    @property
    def names(self) -> Sequence[str]:
        """Return the providers in the order in which they are asked."""
        return [provider.name for provider in self._providers]

    async def send(self, message: claim.EmailMessage) -> claim.Reply:
        """Make one attempt; see `Transport.send`."""
        now_ms = int(self._clock_ms())
        left_alone = [each for each in self._providers if not each.breaker.allows(now_ms=now_ms)]
        order = [*(each for each in self._providers if each not in left_alone), *left_alone]
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + self._request_ms / 1_000
        asked: list[Asked] = []
        for place, provider in enumerate(order):
            left_ms, behind = (ends_at - loop.time()) * 1_000, len(order) - place - 1
            handover = _OUT_OF_TIME
            if left_ms >= self._request_ms * _SHARE_MIN:
                handover = await self._ask(provider, message, left_ms=left_ms, behind=behind)
            asked.append(Asked(provider.name, handover))
            if not handover.consequence.falls_back:
                break
        unasked = [(each.name, each.failure) for each in left_alone if each.name not in {one.name for one in asked}]
        return sum_up(asked, unasked)

    async def _ask(
        self, provider: MailProvider, message: claim.EmailMessage, *, left_ms: float, behind: int
    ) -> endings.Handover:
        was_well = provider.breaker.state is BreakerState.CLOSED
        provider.breaker = provider.breaker.begun(now_ms=int(self._clock_ms()))
        handover = await provider.transport.hand_in(
            message,
            within_ms=left_ms,
            begin_ms=left_ms / (behind + 1),
            still=lambda: not (was_well and behind) or provider.breaker.state is BreakerState.CLOSED,
        )
        self._learn(provider, handover)
        return handover

    def _learn(self, provider: MailProvider, handover: endings.Handover) -> None:
        event, before = _EVENTS[handover.consequence.shows], provider.breaker
        after = provider.breaker = before.ended(event, now_ms=int(self._clock_ms()))
        has_opened = event is BreakerEvent.FAILED and before.state is not BreakerState.OPEN
        if has_opened:
            provider.failure = handover.gist
        if len(self._providers) == 1:
            return  # It is asked all the same: there is no other.
        if has_opened:
            rest_s = after.cool_down_ms // 1_000
            _log.warning(
                "mail_provider_rests", provider=provider.name, ending=handover.ending, why=handover.gist, for_s=rest_s
            )
        elif before.state is not BreakerState.CLOSED and after.state is BreakerState.CLOSED:
            _log.info("mail_provider_serves_again", provider=provider.name)


def sum_up(asked: Sequence[Asked], unasked: Sequence[tuple[str, str]] = ()) -> claim.Reply:
    """Return the reply that the attempt comes to, with a detail that says who carried or refused the mail.

    When all have failed, one whose failure may pass decides, the last of them, for the mail is still wanted.

    Args:
        asked: At least one, in the order in which they were; all but the last have failed.
        unasked: Those that were left alone, with how they had failed.
    """
    last = asked[-1]
    failed = [f"{each.name}: {each.handover.said}" for each in asked[:-1]]
    left_alone = [f"{name} is left alone since it failed: {said}" for name, said in unasked]
    if last.handover.consequence.falls_back:
        deciding = next((each for each in reversed(asked) if not each.handover.is_final), last).handover
        return replace(deciding.reply, detail="; ".join([*failed, f"{last.name}: {last.handover.said}"]))
    detail = "; ".join([_report(last), *failed, *left_alone])
    return replace(last.handover.reply, detail=detail)


def _report(last: Asked) -> str:
    match last.handover.ending:
        case endings.Ending.TAKEN:
            return f"carried by {last.name}"
        case endings.Ending.MAYBE_TAKEN:
            return f"{last.name}: {last.handover.said} (no other was asked: it may have the mail)"
        case endings.Ending.TURN_TOO_FAR | endings.Ending.MAIL_UNFIT:
            return last.handover.said
        case _:
            return f"refused by {last.name}"
