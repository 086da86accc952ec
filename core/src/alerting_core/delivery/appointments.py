"""When deliveries come again that a target is too busy for.

What a target that is held (`delivery.pace`) takes within some seconds waits in the sender. The rest is postponed: each
gets a time of its own after the one before, so that whichever sender claims it then finds the target about ready. That
is what senders share of a target's pace, and it outlives them. The times lie somewhat closer than the pace allows: what
is early waits in the sender, so that the target is never without work, or gets another time.

The pause that a sender makes of its own accord is another matter: where two send to one target, the one that was first
may leave the other none of its pace, and that one must not keep what the first could send. So what it cannot send soon
comes again soon, for whoever claims it.

A time is never so far ahead that much would be lost if the target recovered meanwhile: a minute, or a quarter of what
the delivery has waited. What has no turn by then gets another time. So of however many that wait each is looked at some
dozens of times at most.
"""

from typing import Final

from alerting_core import limits
from alerting_core.delivery.pace import PAUSE_MS_MIN, Pace
from alerting_core.delivery.remembered import Remembered
from alerting_core.domain.claim import Claim, Outcome
from alerting_core.domain.delivery import Reason, Target

AHEAD_MS: Final = 10_000
"""What is sent within this time waits in the sender; a sixth of a lease."""

AWAY_MS_MIN: Final = 60_000
AWAY_SHARE: Final = 4
"""How far ahead a time may be: a minute, or this part of what the delivery has waited."""

PAUSE_SHARE: Final = 16
"""How much of a pause of the sender's own is waited for: this part of what the delivery has waited. So the last of a
burst is soon with the sender that has the pace, and what waits for a day is not looked at all the time."""

CLOSER: Final = 0.6
"""Between two times, of the spacing: less than what the next trial may come to."""


class Appointments:
    """The times that one sender has given, of the targets that are held. Times are of two clocks: *now_ms* of one that
    never goes back, *wall_ms* of the one that deliveries are due by."""

    def __init__(self) -> None:
        """Have given none."""
        self._free_from = Remembered[Target, float](limits.TARGETS_REMEMBERED_MAX)

    def fit(self, pace: Pace, *, now_ms: float) -> int:
        """Return how many may wait in the sender for a target that is held."""
        left_ms = now_ms + AHEAD_MS - pace.ready_at_ms
        return 1 + int(left_ms / _spacing(pace)) if left_ms > 0 else 0

    def admits(self, claim: Claim, pace: Pace, *, waiting: int, now_ms: float) -> bool:
        """Say whether *claim* may wait in the sender, where so many of its target, which is held, do already.

        What comes for the first time does not go before those that were given a time.
        """
        delivery = claim.delivery
        has_come_again = (delivery.next_attempt_at_ms or 0) > delivery.updated_at_ms
        is_in_time = has_come_again or self._free_from.get(delivery.target_key, 0.0) <= now_ms + AHEAD_MS
        return is_in_time and waiting < self.fit(pace, now_ms=now_ms)

    def give(self, claim: Claim, pace: Pace, *, now_ms: float, wall_ms: int) -> Outcome:
        """Return *claim* postponed to its time."""
        target, waited_ms = claim.delivery.target_key, _waited_ms(claim, wall_ms=wall_ms)
        begin_ms = again_at_ms(claim, pace, now_ms=now_ms, wall_ms=wall_ms, least_ms=AHEAD_MS)
        at_ms = max(begin_ms, self._free_from.get(target, 0.0))
        latest_ms = begin_ms + max(AWAY_MS_MIN, waited_ms / AWAY_SHARE)
        if at_ms <= latest_ms:
            self._free_from.put(target, at_ms + _spacing(pace) * CLOSER)
        due_at_ms = wall_ms + round(min(at_ms, latest_ms) - now_ms)
        return Outcome(claim, Reason.RATE_LIMITED, None, next_attempt_at_ms=due_at_ms)


def again_at_ms(claim: Claim, pace: Pace, *, now_ms: float, wall_ms: int, least_ms: float = 0.0) -> float:
    """Return when *claim*, which was refused or has no turn now, may be claimed again: in *least_ms*, or later."""
    pause_ms = max(AHEAD_MS, _waited_ms(claim, wall_ms=wall_ms) / PAUSE_SHARE)
    return max(now_ms + least_ms, pace.asked_until_ms, min(pace.ready_at_ms, now_ms + pause_ms))


def _waited_ms(claim: Claim, *, wall_ms: int) -> int:
    return wall_ms - claim.delivery.updated_at_ms


def _spacing(pace: Pace) -> float:
    return pace.spacing_ms or PAUSE_MS_MIN
