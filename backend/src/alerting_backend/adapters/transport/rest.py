"""Leaving a mail provider that fails alone for a while, so that not every mail waits for it.

Theory of operation. A provider that fails RESTS. After that, one mail is its TRIAL, and the others go on past it until
the trial has ended: well, and the provider is as before; failed, and it rests twice as long. To rest means to be asked
last, not to go unasked: when all others have failed as well, the mail is tried there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from alerting_core import limits
from alerting_core.stages.breaker import COOL_DOWN_MS_MAX, COOL_DOWN_MS_MIN, next_cool_down_ms

REST_MS_MIN: Final = COOL_DOWN_MS_MIN
REST_MS_MAX: Final = COOL_DOWN_MS_MAX
"""As long as a host is left alone: a provider fails and recovers as any server does."""

TRIAL_MS_MAX: Final = limits.REQUEST_MS_MAX
"""A trial that has not ended by then is lost, for a mail was cut off with its process; another may be made."""


class RestState(StrEnum):
    """How a provider is treated."""

    WELL = "well"
    RESTING = "resting"
    ON_TRIAL = "on-trial"


class RestEvent(StrEnum):
    """What moves it."""

    ASKED = "asked"
    SERVED = "served"
    FAILED = "failed"
    UNTOLD = "untold"


_S = RestState
_E = RestEvent

REST_MOVES: Final[Mapping[tuple[RestState, RestEvent], RestState]] = {
    (_S.WELL, _E.ASKED): _S.WELL,
    (_S.WELL, _E.SERVED): _S.WELL,
    (_S.WELL, _E.FAILED): _S.RESTING,
    (_S.WELL, _E.UNTOLD): _S.WELL,
    (_S.RESTING, _E.ASKED): _S.ON_TRIAL,
    # Mails that were under way when the rest began still end: a good end is good news, another failure is no news.
    (_S.RESTING, _E.SERVED): _S.WELL,
    (_S.RESTING, _E.FAILED): _S.RESTING,
    (_S.RESTING, _E.UNTOLD): _S.RESTING,
    (_S.ON_TRIAL, _E.ASKED): _S.ON_TRIAL,
    (_S.ON_TRIAL, _E.SERVED): _S.WELL,
    (_S.ON_TRIAL, _E.FAILED): _S.RESTING,
    # The trial has shown nothing: the next mail may be one.
    (_S.ON_TRIAL, _E.UNTOLD): _S.RESTING,
}
"""Every move."""


@dataclass(frozen=True, slots=True)
class Rest:
    """How one provider is treated at present.

    Attributes:
        until_ms: When it may be asked again.
        length_ms: Of the present or last rest; 0 when it has served since.
        said: How it failed, for people.
    """

    state: RestState = RestState.WELL
    until_ms: float = 0.0
    length_ms: int = 0
    said: str = ""

    def passes_by(self, *, now_ms: float) -> bool:
        """Say whether mails go on past the provider."""
        return self.state is not RestState.WELL and now_ms < self.until_ms


def move_rest(rest: Rest, event: RestEvent, *, now_ms: float, said: str = "") -> Rest:
    """Return *rest* after *event*, by the table `REST_MOVES`; *said* tells how the provider failed."""
    state = REST_MOVES[rest.state, event]
    if state is RestState.WELL:
        return Rest()
    if event is RestEvent.ASKED:
        return Rest(state, now_ms + TRIAL_MS_MAX, rest.length_ms, rest.said)
    if event is RestEvent.FAILED and rest.state is not RestState.RESTING:
        length_ms = next_cool_down_ms(rest.length_ms)
        return Rest(state, now_ms + length_ms, length_ms, said)
    if rest.state is RestState.ON_TRIAL:
        return Rest(state, now_ms, rest.length_ms, rest.said)
    return rest
