"""The alerts of a job, which follow from its config alone, and when each of them is due."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, assert_never

from alerting_core.domain.alert import Alert, Severity
from alerting_core.domain.ids import derive_uuid
from alerting_core.errors import InvalidInput
from alerting_core.generator.config import GeneratorConfig, Mode, check_config
from alerting_core.generator.distribution import Distribution, read_distribution, read_duration_ms

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


ENVIRONMENTS: Final = ("prod", "staging", "dev")
ENVIRONMENT_SHARE: Final = 0.30
REGIONS: Final = ("us-east-1", "us-west-2", "eu-west-1")
REGION_SHARE: Final = 0.20

_Fields: TypeAlias = tuple[str, str, str, Mapping[str, str]]

TEST_ALERT: Final[_Fields] = ("LOW", "test-source", "test-name", {})


def generate_alerts(config: GeneratorConfig, *, started_at_ms: int) -> Iterator[Alert]:
    """Return the alerts of *config*, as many as its pace has, one at a time.

    The same config makes the same alerts with the same ids; event_ts is when each is due. An id stands for one seed,
    place in the sequence and content: the same job again is, for the platform, the same alerts again.

    Raises:
        InvalidInput: The config has problems.
    """
    pace = pace_of(config)
    return _number(config, _fields_of(config, pace.alerts_total), lambda n: (started_at_ms + pace.due_at_ms(n)) // 1000)


def _number(config: GeneratorConfig, sequence: Iterator[_Fields], event_ts_of: Callable[[int], int]) -> Iterator[Alert]:
    for position, (severity, source, name, context) in enumerate(sequence):
        alert_id = derive_uuid("generated-alert", str(config.seed), str(position), severity, source, name)
        yield Alert(alert_id, Severity[severity], source, name, event_ts_of(position), context)


def _fields_of(config: GeneratorConfig, alerts_total: int) -> Iterator[_Fields]:
    if config.mode is Mode.SINGLE_TEST:
        yield TEST_ALERT
        return
    if config.custom is not None:
        custom = config.custom
        for _ in range(custom.count):
            yield (custom.severity, custom.source, custom.name, {})
        return
    drawn = _draw(config)
    if config.test:
        next(drawn)
        yield TEST_ALERT
    for _ in range(alerts_total - config.test):
        yield next(drawn)


def _draw(config: GeneratorConfig) -> Iterator[_Fields]:
    dice = random.Random(config.seed).random
    severities = _distribution("severity_dist", config.severity_dist).by_percent()
    sources = _distribution("source_dist", config.source_dist).by_percent()
    names = _distribution("name_dist", config.name_dist).by_percent()
    while True:
        severity, source, name = severities[int(dice() * 100)], sources[int(dice() * 100)], names[int(dice() * 100)]
        yield severity, source, name, _context(dice)


def _context(dice: Callable[[], float]) -> Mapping[str, str]:
    with_environment, environment, with_region, region = dice(), dice(), dice(), dice()
    context: dict[str, str] = {}
    if with_environment < ENVIRONMENT_SHARE:
        context["environment"] = ENVIRONMENTS[int(environment * len(ENVIRONMENTS))]
    if with_region < REGION_SHARE:
        context["region"] = REGIONS[int(region * len(REGIONS))]
    return context


def _distribution(path: str, text: str) -> Distribution:
    read = read_distribution(path, text)
    assert isinstance(read, Distribution), "the config was checked"
    return read
