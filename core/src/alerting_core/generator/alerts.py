"""The alerts of a job: which ones, in which order, follows from the config alone; only their times from the start.

Each alert takes the same number of draws, whatever they come to: changing one distribution leaves the other fields of
all alerts as they were. Only `Random.random` is drawn from, the one method whose sequence Python promises for ever.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

from alerting_core.domain.alert import Alert
from alerting_core.domain.ids import derive_uuid
from alerting_core.domain.severity import Severity
from alerting_core.generator.config import GeneratorConfig, Mode
from alerting_core.generator.distribution import Distribution, read_distribution
from alerting_core.generator.pace import pace_of

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
