"""The alerts of a job, when each is due, and rules of every kind that about five clients an alert match."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, TypeAlias, assert_never

from alerting_core.domain.alert import SEVERITY_NAMES, WILDCARD, Alert, Severity
from alerting_core.domain.text import derive_uuid
from alerting_core.errors import InvalidInput
from alerting_core.generator import config as configs

RuleFields: TypeAlias = tuple[str, str, str]
"""(severity, source, name), wildcards as `*`."""

MATCHING_CLIENTS: Final = 5.0
"""How many an alert meets on average."""

SOURCES: Final = ("api", "db", "cache", "monitor", "queue", "worker", "frontend", "backend")
NAMES: Final = (
    "timeout", "error", "crash", "slow", "memory", "cpu", "disk", "network", "auth", "validation",
)  # fmt: skip
QUIET_SOURCES: Final = ("billing", "search", "mail", "scheduler", "storage", "gateway", "reports", "imports")
"""Systems that the default alerts never name."""

_SHAPES: Final = (
    *[(True, True, True)] * 55,
    *[(True, True, False)] * 12,
    *[(True, False, True)] * 10,
    *[(False, True, True)] * 15,
    *[(False, True, False)] * 4,
    *[(False, False, True)] * 3,
    *[(True, False, False)] * 1,
)
"""Which fields are exact, in a hundred rules: most people know what they want, few want all of a severity."""

Dice: TypeAlias = Callable[[], float]


def vary(*, clients: int, rules_per_client: int, seed: int) -> Iterator[list[tuple[RuleFields, bool]]]:
    """Yield the rules of one client after the other, each with whether it is enabled; no two of a client alike."""
    dice = random.Random(seed).random
    active = _draw_active(dice, clients=clients, each_max=max(1, rules_per_client - 1))
    for fields in active:
        rules = [(rule, True) for rule in fields]
        known = set(fields)
        while len(rules) < rules_per_client:
            enabled = len(rules) > len(fields)
            rule = _draw_rule(dice, QUIET_SOURCES if enabled else SOURCES, need_source=enabled)
            if rule not in known:
                known.add(rule)
                rules.append((rule, enabled))
        yield rules


def _draw_active(dice: Dice, *, clients: int, each_max: int) -> list[list[RuleFields]]:
    """Return for each client the rules that default alerts meet, at most *each_max*."""
    shares = _shares()
    rules: list[list[RuleFields]] = [[] for _ in range(clients)]
    covered: list[set[RuleFields]] = [set() for _ in range(clients)]
    expected, tries = 0.0, 0
    while expected < MATCHING_CLIENTS - 0.005 and tries < 100 * clients * each_max:
        tries += 1
        number, rule = int(dice() * clients), _draw_rule(dice, SOURCES, need_source=False)
        new = [alert for alert in _met_by(rule) if alert not in covered[number]]
        gain = sum(shares[alert] for alert in new)
        if new and len(rules[number]) < each_max and expected + gain <= MATCHING_CLIENTS + 0.005:
            rules[number].append(rule)
            covered[number].update(new)
            expected += gain
    return rules


def _draw_rule(dice: Dice, sources: Sequence[str], *, need_source: bool) -> RuleFields:
    by_severity, by_source, by_name = _SHAPES[int(dice() * len(_SHAPES))]
    return (
        _pick(dice, SEVERITY_NAMES) if by_severity else WILDCARD,
        _pick(dice, sources) if by_source or need_source else WILDCARD,
        _pick(dice, NAMES) if by_name else WILDCARD,
    )


def _pick(dice: Dice, values: Sequence[str]) -> str:
    return values[int(dice() * len(values))]


def _met_by(rule: RuleFields) -> Iterator[RuleFields]:
    severity, source, name = rule
    return product(
        SEVERITY_NAMES if severity == WILDCARD else (severity,),
        SOURCES if source == WILDCARD else (source,),
        NAMES if name == WILDCARD else (name,),
    )


def _shares() -> dict[RuleFields, float]:
    """Return what share of the default alerts has each combination of fields."""
    severities, sources, names = (
        _weights(text) for text in (configs.SEVERITY_DIST, configs.SOURCE_DIST, configs.NAME_DIST)
    )
    return {
        (severity, source, name): severities[severity] * sources[source] * names[name] / 1e6
        for severity, source, name in product(SEVERITY_NAMES, SOURCES, NAMES)
    }


def _weights(text: str) -> dict[str, int]:
    read = configs.read_distribution("", text)
    assert isinstance(read, configs.Distribution)
    return dict(zip(read.values, read.weights, strict=True))


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


def pace_of(config: configs.GeneratorConfig) -> Pace:
    """Return when the alerts of *config* are due.

    At a rate, alerts are due from the start to just before the end of the duration, at least one.

    Raises:
        InvalidInput: The config has problems.
    """
    if problems := configs.check_config(config):
        raise InvalidInput(problems, "the generator cannot work like this")
    match config.mode:
        case configs.Mode.SINGLE_TEST:
            return Pace(1, step=0)
        case configs.Mode.BURST:
            return Pace(config.burst, step=0)
        case configs.Mode.CUSTOM:
            assert config.custom is not None
            return Pace(config.custom.count, step=config.custom.interval_ms)
        case configs.Mode.RATE:
            duration_ms = configs.read_duration_ms("duration", config.duration)
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


def generate_alerts(config: configs.GeneratorConfig, *, started_at_ms: int) -> Iterator[Alert]:
    """Return the alerts of *config*, as many as its pace has, one at a time.

    The same config makes the same alerts with the same ids; event_ts is when each is due. An id stands for one seed,
    place in the sequence and content: the same job again is, for the platform, the same alerts again.

    Raises:
        InvalidInput: The config has problems.
    """
    pace = pace_of(config)
    return _number(config, _fields_of(config, pace.alerts_total), lambda n: (started_at_ms + pace.due_at_ms(n)) // 1000)


def _number(
    config: configs.GeneratorConfig, sequence: Iterator[_Fields], event_ts_of: Callable[[int], int]
) -> Iterator[Alert]:
    for position, (severity, source, name, context) in enumerate(sequence):
        alert_id = derive_uuid("generated-alert", str(config.seed), str(position), severity, source, name)
        yield Alert(alert_id, Severity[severity], source, name, event_ts_of(position), context)


def _fields_of(config: configs.GeneratorConfig, alerts_total: int) -> Iterator[_Fields]:
    if config.mode is configs.Mode.SINGLE_TEST:
        yield TEST_ALERT
        return
    if config.custom is not None:
        custom = config.custom
        for _ in range(custom.count):
            yield (custom.severity, custom.source, custom.name, {})
        return
    drawn = _draw_fields(config)
    if config.test:
        next(drawn)
        yield TEST_ALERT
    for _ in range(alerts_total - config.test):
        yield next(drawn)


def _draw_fields(config: configs.GeneratorConfig) -> Iterator[_Fields]:
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


def _distribution(path: str, text: str) -> configs.Distribution:
    read = configs.read_distribution(path, text)
    assert isinstance(read, configs.Distribution), "the config was checked"
    return read
