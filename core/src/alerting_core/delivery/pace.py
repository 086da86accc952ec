"""How fast a target takes messages: found out by asking, and kept to.

Theory of operation. A target that nothing bad is known of is sent one message, then two at once, then more, up to a
bound. One that answers 429 is **held** until the time that it asked for. From then on it gets one message at a time, at
a spacing that is measured: between two refusals it took so many messages in so much time, and that is its pace. After a
number of messages taken the spacing is made shorter on trial. A refusal undoes the trial, and the next one comes later;
messages that are taken make the trial the rule. A spacing that is next to nothing ends the hold, and the target is what
it was in the beginning: one message, then two at once.

So a target that takes one a second costs about one refusal for each trial, not one for each message, and one that was
busy for a moment is trusted again within some dozens of messages. Refusals in a row double the pause, whatever the
target asks for: one that says "in a second" for ever must not be asked every second for ever.

Times are milliseconds of a clock that never goes back.
"""

from typing import Final, NamedTuple

from alerting_core import limits

SPACING_MS_MIN: Final = 20.0
"""A shorter spacing than this is none: attempts take as long."""

SPACING_MS_MAX: Final = 10_000.0
"""A longer spacing is not kept: whoever asks for an hour of peace after a burst takes more than one an hour."""

PAUSE_MS_MIN: Final = 1_000
"""Pause after a first refusal that names none."""

PAUSE_MS_MAX: Final = 300_000
"""What refusals in a row lengthen the pause to, if the target asks for no longer one: as a circuit's cool-down."""

TRIAL_AFTER: Final = 5
TRIAL_AFTER_MAX: Final = 80
"""Messages that are taken before a shorter spacing is tried, doubled with each trial that fails."""

FORGOTTEN_MS: Final = 600_000
"""A hold is over when nothing was refused, and nothing waits, for so long."""

SLOWER_SHARE: Final = 1.25
"""Of a spacing that had gone well, at most, after a refusal."""

TRIAL_SHARE: Final = 0.75
"""Of the spacing, on trial."""


class Pace(NamedTuple):
    """What is known of one target. A tuple, since each attempt makes some: a dataclass takes three times as long.

    Attributes:
        width: Attempts that may be under way at once.
        is_held: Whether it has refused, and has not been trusted again since.
        held_since_ms: When the present hold, or the present trial, began: what was sent before says nothing about it.
        released_at_ms: Nothing is sent before by this sender.
        asked_until_ms: Nothing is sent before by anybody: the target has asked for that. What is beyond is the pause
            that refusals in a row have lengthened, and they may be due to another sender's messages alone.
        spacing_ms: Least time between the beginnings of two attempts.
        too_short_ms: The longest spacing that was refused lately; 0 for none.
        tried_from_ms: What the spacing was before the present trial; 0 when there is none.
        taken: Messages taken since the spacing was changed.
        trial_after: For how many the next trial waits.
        refusals: In a row.
        measured_from_ms: When what is measured began.
        measured: Messages taken since then.
        begun_at_ms: When the latest attempt began.
        is_pressed: Whether it had to wait for that; one that had not shows nothing of a spacing.
    """

    width: int = 1
    is_held: bool = False
    held_since_ms: float = 0.0
    released_at_ms: float = 0.0
    asked_until_ms: float = 0.0
    spacing_ms: float = 0.0
    too_short_ms: float = 0.0
    tried_from_ms: float = 0.0
    taken: int = 0
    trial_after: int = TRIAL_AFTER
    refusals: int = 0
    measured_from_ms: float = 0.0
    measured: int = 0
    begun_at_ms: float = 0.0
    is_pressed: bool = False

    @property
    def ready_at_ms(self) -> float:
        """When the next attempt may begin, if the width leaves room for one."""
        if not self.is_held:
            return 0.0
        return max(self.released_at_ms, self.begun_at_ms + self.spacing_ms)

    def begun(self, *, now_ms: float, is_first: bool) -> "Pace":
        """Return the pace when one more attempt begins; *is_first*: none was under way or waiting."""
        if is_first and self.is_held and now_ms - self.released_at_ms > FORGOTTEN_MS:
            return Pace().begun(now_ms=now_ms, is_first=True)
        anew = not self.measured_from_ms or (is_first and not self.is_held)
        measured_from_ms, measured = (now_ms, 0) if anew else (self.measured_from_ms, self.measured)
        if not self.is_held:
            return _free(self.width, measured_from_ms, measured, now_ms, is_pressed=not is_first)
        return self._replace(
            begun_at_ms=now_ms,
            is_pressed=not is_first,
            measured_from_ms=measured_from_ms,
            measured=measured,
        )

    def took(self, *, begun_at_ms: float) -> "Pace":
        """Return the pace when the attempt that began at *begun_at_ms* was not refused."""
        if not self.is_held:
            width = min(self.width + 1, limits.TARGET_CONCURRENCY_MAX)
            return _free(width, self.measured_from_ms, self.measured + 1, self.begun_at_ms, is_pressed=self.is_pressed)
        known = self._replace(measured=self.measured + 1, refusals=0)
        if begun_at_ms < known.held_since_ms or not known.is_pressed:
            return known
        known = known._replace(taken=known.taken + 1)
        return known if known.taken < known.trial_after else known._widened(now_ms=begun_at_ms)

    def failed(self) -> "Pace":
        """Return the pace when an attempt came to nothing for another reason: more of them at once would be no help."""
        return self if self.width == 1 else self._replace(width=1)

    def refused(self, *, begun_at_ms: float, now_ms: float, asked_ms: int) -> "Pace":
        """Return the pace when that attempt was refused, and peace asked for *asked_ms* (0: for no time)."""
        if self.is_held and begun_at_ms < self.held_since_ms:
            return self._replace(
                released_at_ms=max(self.released_at_ms, now_ms + asked_ms),
                asked_until_ms=max(self.asked_until_ms, now_ms + asked_ms),
            )
        pause_ms = max(asked_ms, min(PAUSE_MS_MIN << min(self.refusals, 20), PAUSE_MS_MAX))
        released_at_ms = now_ms + pause_ms
        held = self._replace(
            width=1,
            is_held=True,
            held_since_ms=now_ms,
            released_at_ms=released_at_ms,
            asked_until_ms=now_ms + asked_ms,
            taken=0,
            refusals=self.refusals + 1,
            tried_from_ms=0.0,
            measured_from_ms=0.0,
            measured=0,
        )
        if self.tried_from_ms:
            trial_after = min(2 * self.trial_after, TRIAL_AFTER_MAX)
            return held._replace(spacing_ms=self.tried_from_ms, too_short_ms=self.spacing_ms, trial_after=trial_after)
        if not self.measured:
            return held
        measured_ms = (released_at_ms - self.measured_from_ms) / self.measured
        if self.spacing_ms:  # It went well for a while: a little more is enough, whatever the few since then show.
            measured_ms = min(measured_ms, self.spacing_ms * SLOWER_SHARE)
        spacing_ms = min(max(measured_ms, self.spacing_ms), SPACING_MS_MAX)
        return held._replace(spacing_ms=spacing_ms, too_short_ms=min(self.spacing_ms, spacing_ms))

    def _widened(self, *, now_ms: float) -> "Pace":
        """Return the pace with a shorter spacing on trial, or as that of a target that is trusted again."""
        trial_after, too_short_ms = self.trial_after, self.too_short_ms
        if self.tried_from_ms:  # The trial before this one went well.
            trial_after, too_short_ms = TRIAL_AFTER, too_short_ms * TRIAL_SHARE
        spacing_ms = self.spacing_ms * TRIAL_SHARE
        if too_short_ms < self.spacing_ms:
            spacing_ms = max(spacing_ms, (self.spacing_ms + too_short_ms) / 2)
        if spacing_ms < SPACING_MS_MIN:
            return Pace()
        return self._replace(
            held_since_ms=now_ms,
            spacing_ms=spacing_ms,
            too_short_ms=too_short_ms,
            tried_from_ms=self.spacing_ms,
            taken=0,
            trial_after=trial_after,
            measured_from_ms=now_ms,
            measured=0,
        )


def _free(width: int, measured_from_ms: float, measured: int, begun_at_ms: float, *, is_pressed: bool) -> Pace:
    """Return the pace of a target that is not held, of which no more than this is known.

    Made for nearly every attempt: `replace`, which copies what is as in the beginning too, takes four times as long.
    """
    return Pace(
        width=width,
        measured_from_ms=measured_from_ms,
        measured=measured,
        begun_at_ms=begun_at_ms,
        is_pressed=is_pressed,
    )
