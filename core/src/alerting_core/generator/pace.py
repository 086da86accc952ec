"""When the alerts of a job are due, as a pure function of the time since its start.

A shell that fell behind asks again and learns how many are due by now: it catches up in batches and never drifts.
"""

from dataclasses import dataclass
from typing import Final, assert_never

from alerting_core.errors import InvalidInput
from alerting_core.generator.config import GeneratorConfig, Mode, check_config
from alerting_core.generator.duration import read_duration_ms

_STEPS_PER_ALERT_AND_RPS: Final = 1_000_000
"""Rates are kept in thousandths of an alert a second and times in ms: in these whole numbers no rounding adds up."""


@dataclass(frozen=True, slots=True)
class Pace:
    """A schedule of *alerts_total* alerts at even distances, the first at once.

    Attributes:
        step: Distance between two alerts, in ms times *rate*.
        rate: What *step* is to be divided by.
    """

    alerts_total: int
    step: int
    rate: int = 1

    def due_by(self, elapsed_ms: int) -> int:
        """Return how many alerts are due *elapsed_ms* after the start; none before it, never more than all."""
        if elapsed_ms < 0:
            return 0
        if not self.step:
            return self.alerts_total
        return min(self.alerts_total, elapsed_ms * self.rate // self.step + 1)

    def due_at_ms(self, position: int) -> int:
        """Return how long after the start the alert at *position*, counted from 0, is due."""
        return -(-position * self.step // self.rate)

    @property
    def ends_at_ms(self) -> int:
        """How long after the start the last alert is due."""
        return self.due_at_ms(self.alerts_total - 1)


def pace_of(config: GeneratorConfig) -> Pace:
    """Return when the alerts of *config* are due.

    At a rate, alerts are due from the start to just before the end of the duration, at least one.

    Raises:
        InvalidInput: The config has problems.
    """
    if problems := check_config(config):
        raise InvalidInput(problems, "the generator cannot work like this")
    match config.mode:
        case Mode.SINGLE_TEST:
            return Pace(1, step=0)
        case Mode.BURST:
            return Pace(config.burst, step=0)
        case Mode.CUSTOM:
            assert config.custom is not None
            return Pace(config.custom.count, step=config.custom.interval_ms)
        case Mode.RATE:
            duration_ms = read_duration_ms("duration", config.duration)
            assert isinstance(duration_ms, int)
            rate = round(config.rps * 1_000)
            total = -(-duration_ms * rate // _STEPS_PER_ALERT_AND_RPS)
            return Pace(total, step=_STEPS_PER_ALERT_AND_RPS, rate=rate)
        case _:
            assert_never(config.mode)
