"""What a generator job is to do, and what is wrong with it: its bounds, and values with weights."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import blake2b
from typing import Final

from alerting_core import limits
from alerting_core.domain.alert import SEVERITY_NAMES
from alerting_core.domain.text import check_text
from alerting_core.errors import Problem, ProblemCode

RPS_MIN: Final = 0.001
"""One alert in about 17 minutes; slower is no load."""

RPS_MAX: Final = 10_000.0
"""Twice the largest load that the capacity plans are made for."""

DURATION_MS_MIN: Final = 1
DURATION_MS_MAX: Final = 24 * 3_600_000
"""A day, as for a soak test."""

ALERTS_PER_JOB_MAX: Final = 1_000_000
"""All alerts of one job, whatever the mode: each may become a notification for every client."""

INTERVAL_MS_MAX: Final = 3_600_000
"""Between two alerts of a custom job."""

SEED_MAX: Final = 2**53 - 1
"""The largest whole number that every JSON reader keeps exact."""

DISTRIBUTION_ENTRIES_MAX: Final = 100
"""Weights are whole numbers that sum to 100: no more entries can have one."""

DISTRIBUTION_CHARS_MAX: Final = 30_000
"""The text of a distribution: as many entries of the longest allowed values as there may be, roughly."""

TEST_CLIENTS_MAX: Final = 10_000
"""Clients of one set of test data: more than six times the large set."""


_UNITS_MS: Final = {"h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_WHOLE: Final = re.compile(r"(?:\d{1,12}(?:\.\d{1,9})?(?:ms|h|m|s))+", re.ASCII)
_PART: Final = re.compile(r"(\d+)(?:\.(\d+))?(ms|h|m|s)", re.ASCII)
_TEXT_CHARS_MAX: Final = 64


def read_duration_ms(path: str, text: str) -> int | Problem:
    """Return the milliseconds that *text* means, rounded down, or what is wrong with it at *path*."""
    stripped = text.strip()
    if len(stripped) > _TEXT_CHARS_MAX or not _WHOLE.fullmatch(stripped):
        detail = "expected numbers with units h, m, s or ms, for example 60s, 3m or 1h30m"
        return Problem(path, ProblemCode.WRONG_TYPE, detail)
    total = 0
    for whole, fraction, unit in _PART.findall(stripped):
        # In whole numbers: 0.1 of an hour is exactly 360,000 ms.
        total += int(whole + fraction) * _UNITS_MS[unit] // 10 ** len(fraction)
    return total


WEIGHTS_SUM: Final = 100


@dataclass(frozen=True, slots=True)
class Distribution:
    """Values and their weights, in the order given; the weights sum to 100."""

    values: tuple[str, ...]
    weights: tuple[int, ...]

    def __post_init__(self) -> None:
        """Check what `read_distribution` promises."""
        assert len(self.values) == len(self.weights)
        assert sum(self.weights) == WEIGHTS_SUM

    def by_percent(self) -> tuple[str, ...]:
        """Return 100 values, each as often as its weight says, so that one draw of 100 picks one."""
        return tuple(value for value, weight in zip(self.values, self.weights, strict=True) for _ in range(weight))


def read_distribution(
    path: str, text: str, *, allowed: Collection[str] | None = None
) -> Distribution | tuple[Problem, ...]:
    """Read `value:weight,value:weight,…`; blanks around values and weights do not count.

    Args:
        path: For problems: where *text* comes from.
        text: Weights are whole numbers from 0 and sum to 100; a value may hold colons, but no commas.
        allowed: The only values there may be, or None for any text.

    Returns:
        The distribution, or all that is wrong with the text.
    """
    if len(text) > DISTRIBUTION_CHARS_MAX:
        detail = f"has {len(text)} characters, at most {DISTRIBUTION_CHARS_MAX} are allowed"
        return (Problem(path, ProblemCode.TOO_LONG, detail),)
    if not text.strip():
        return (Problem(path, ProblemCode.EMPTY, "expected value:weight,value:weight,…"),)
    entries = text.split(",")
    if len(entries) > DISTRIBUTION_ENTRIES_MAX:
        detail = f"has {len(entries)} entries, at most {DISTRIBUTION_ENTRIES_MAX} are allowed"
        return (Problem(path, ProblemCode.TOO_MANY, detail),)
    weights: dict[str, int] = {}
    problems: list[Problem] = []
    for position, entry in enumerate(entries):
        value, colon, weight = (part.strip() for part in entry.rpartition(":"))
        wrong = _entry_problems(f"{path}[{position}]", value, weight, bool(colon), allowed, weights)
        problems += wrong
        if not wrong:
            weights[value] = int(weight)
    if not problems and sum(weights.values()) != WEIGHTS_SUM:
        detail = f"the weights sum to {sum(weights.values())}, they must sum to {WEIGHTS_SUM}"
        problems.append(Problem(path, ProblemCode.OUT_OF_RANGE, detail))
    return tuple(problems) or Distribution(tuple(weights), tuple(weights.values()))


def _entry_problems(
    path: str, value: str, weight: str, colon: bool, allowed: Collection[str] | None, known: Collection[str]
) -> list[Problem]:
    if not colon:
        return [Problem(path, ProblemCode.MISSING, "has no weight: expected value:weight, for example HIGH:30")]
    problems: list[Problem] = []
    if allowed is None:
        problems += check_text(path, value, chars_max=limits.ID_CHARS_MAX)
    elif value not in allowed:
        problems.append(Problem(path, ProblemCode.UNKNOWN_VALUE, f"must be one of {', '.join(allowed)}"))
    if value in known:
        problems.append(Problem(path, ProblemCode.UNKNOWN_VALUE, f"{value[:40]!r} comes more than once"))
    if not (weight.isascii() and weight.isdecimal() and len(weight) <= 3 and int(weight) <= WEIGHTS_SUM):
        detail = f"the weight must be a whole number from 0 to {WEIGHTS_SUM}"
        problems.append(Problem(path, ProblemCode.OUT_OF_RANGE, detail))
    return problems


SEVERITY_DIST: Final = "HIGH:30,MEDIUM:30,LOW:25,CRITICAL:15"
SOURCE_DIST: Final = "api:25,db:20,cache:15,monitor:15,queue:10,worker:5,frontend:5,backend:5"
NAME_DIST: Final = "timeout:15,error:15,crash:10,slow:10,memory:10,cpu:10,disk:10,network:10,auth:5,validation:5"


class Mode(StrEnum):
    """How a job spreads its alerts over time."""

    RATE = "rate"
    """So many a second for so long."""
    BURST = "burst"
    """A number of them at once."""
    SINGLE_TEST = "single-test"
    """One alert, LOW/test-source/test-name."""
    CUSTOM = "custom"
    """One given alert, a number of times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomAlert:
    """An alert whose fields are given.

    Attributes:
        count: How many of it.
        interval_ms: Between one and the next.
    """

    severity: str
    source: str
    name: str
    count: int = 1
    interval_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorConfig:
    """One job. The field names are those of the API.

    Attributes:
        rps: Alerts a second.
        duration: For how long, for example `60s` or `1h30m`.
        burst: More than 0: so many alerts at once, and rps and duration do not count.
        seed: What the alerts follow from. 0 leaves the choice to the shell: see `choose_seed`.
        severity_dist: Weights of the severities, summing to 100; so the other two.
        test: The first alert is LOW/test-source/test-name; the others are what they would be without.
        single_test: Only that alert.
        custom: Only this alert.
    """

    rps: float = 10.0
    duration: str = "60s"
    burst: int = 0
    seed: int = 0
    severity_dist: str = SEVERITY_DIST
    source_dist: str = SOURCE_DIST
    name_dist: str = NAME_DIST
    test: bool = False
    single_test: bool = False
    custom: CustomAlert | None = None

    @property
    def mode(self) -> Mode:
        """How the alerts are spread."""
        if self.custom is not None:
            return Mode.CUSTOM
        if self.single_test:
            return Mode.SINGLE_TEST
        return Mode.BURST if self.burst > 0 else Mode.RATE


def choose_seed(config: GeneratorConfig, *, now_ms: int, job: str = "") -> GeneratorConfig:
    """Return *config* with a seed: its own unless that is 0, else one made of the time and the job's id."""
    if config.seed:
        return config
    digest = blake2b(f"{now_ms}:{job}".encode(errors="surrogatepass"), digest_size=8).digest()
    return replace(config, seed=int.from_bytes(digest, "big") % SEED_MAX + 1)


def check_config(config: GeneratorConfig) -> tuple[Problem, ...]:
    """Return all that is wrong with *config*; empty when a job can be made of it."""
    return tuple(_problems(config))


def _problems(config: GeneratorConfig) -> Iterator[Problem]:
    duration_ms = read_duration_ms("duration", config.duration)
    if isinstance(duration_ms, Problem):
        yield duration_ms
    else:
        yield from _outside("duration", duration_ms, DURATION_MS_MIN, DURATION_MS_MAX, "milliseconds")
    rate_problems = list(_outside("rps", config.rps, RPS_MIN, RPS_MAX, "alerts a second"))
    yield from rate_problems
    if config.mode is Mode.RATE and not rate_problems and isinstance(duration_ms, int):
        alerts = config.rps * duration_ms / 1_000
        if alerts > ALERTS_PER_JOB_MAX:
            detail = f"rps × duration make {alerts:,.0f} alerts, at most {ALERTS_PER_JOB_MAX:,} are allowed"
            yield Problem("duration", ProblemCode.TOO_MANY, detail)
    yield from _outside("burst", config.burst, 0, ALERTS_PER_JOB_MAX, "alerts")
    yield from _outside("seed", config.seed, 0, SEED_MAX, "")
    yield from _distribution_problems(config)
    if config.custom is not None:
        yield from (problem.under("custom") for problem in _custom_problems(config.custom))
        if config.single_test:
            detail = "cannot be asked for together with single_test"
            yield Problem("custom", ProblemCode.UNKNOWN_VALUE, detail)


def _distribution_problems(config: GeneratorConfig) -> Iterator[Problem]:
    for path, text, allowed in (
        ("severity_dist", config.severity_dist, SEVERITY_NAMES),
        ("source_dist", config.source_dist, None),
        ("name_dist", config.name_dist, None),
    ):
        read = read_distribution(path, text, allowed=allowed)
        if isinstance(read, tuple):
            yield from read


def _custom_problems(custom: CustomAlert) -> Iterator[Problem]:
    if custom.severity not in SEVERITY_NAMES:
        yield Problem("severity", ProblemCode.UNKNOWN_VALUE, f"must be one of {', '.join(SEVERITY_NAMES)}")
    yield from check_text("source", custom.source, chars_max=limits.ID_CHARS_MAX)
    yield from check_text("name", custom.name, chars_max=limits.ID_CHARS_MAX)
    wrong = [
        *_outside("count", custom.count, 1, ALERTS_PER_JOB_MAX, "alerts"),
        *_outside("interval_ms", custom.interval_ms, 0, INTERVAL_MS_MAX, "milliseconds"),
    ]
    yield from wrong
    whole_ms = (custom.count - 1) * custom.interval_ms
    if not wrong and whole_ms > DURATION_MS_MAX:
        detail = f"count × interval_ms take {whole_ms:,} ms, at most {DURATION_MS_MAX:,} are allowed"
        yield Problem("count", ProblemCode.OUT_OF_RANGE, detail)


def _outside(path: str, value: float, smallest: float, largest: float, unit: str) -> Iterator[Problem]:
    # Written so that it also refuses what is no number: every comparison with it is false.
    if not smallest <= value <= largest:
        detail = f"must be {smallest:,} to {largest:,} {unit}".rstrip()
        yield Problem(path, ProblemCode.OUT_OF_RANGE, detail)
