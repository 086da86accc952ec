"""What a generator job is to do, and what is wrong with it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import blake2b
from typing import Final

from alerting_core import limits as core_limits
from alerting_core.domain.alert import SEVERITY_NAMES
from alerting_core.domain.text import check_text
from alerting_core.errors import Problem, ProblemCode
from alerting_core.generator import limits
from alerting_core.generator.distribution import read_distribution, read_duration_ms

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
    return replace(config, seed=int.from_bytes(digest, "big") % limits.SEED_MAX + 1)


def check_config(config: GeneratorConfig) -> tuple[Problem, ...]:
    """Return all that is wrong with *config*; empty when a job can be made of it."""
    return tuple(_problems(config))


def _problems(config: GeneratorConfig) -> Iterator[Problem]:
    duration_ms = read_duration_ms("duration", config.duration)
    if isinstance(duration_ms, Problem):
        yield duration_ms
    else:
        yield from _outside("duration", duration_ms, limits.DURATION_MS_MIN, limits.DURATION_MS_MAX, "milliseconds")
    rate_problems = list(_outside("rps", config.rps, limits.RPS_MIN, limits.RPS_MAX, "alerts a second"))
    yield from rate_problems
    if config.mode is Mode.RATE and not rate_problems and isinstance(duration_ms, int):
        alerts = config.rps * duration_ms / 1_000
        if alerts > limits.ALERTS_PER_JOB_MAX:
            detail = f"rps × duration make {alerts:,.0f} alerts, at most {limits.ALERTS_PER_JOB_MAX:,} are allowed"
            yield Problem("duration", ProblemCode.TOO_MANY, detail)
    yield from _outside("burst", config.burst, 0, limits.ALERTS_PER_JOB_MAX, "alerts")
    yield from _outside("seed", config.seed, 0, limits.SEED_MAX, "")
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
    yield from check_text("source", custom.source, chars_max=core_limits.ID_CHARS_MAX)
    yield from check_text("name", custom.name, chars_max=core_limits.ID_CHARS_MAX)
    wrong = [
        *_outside("count", custom.count, 1, limits.ALERTS_PER_JOB_MAX, "alerts"),
        *_outside("interval_ms", custom.interval_ms, 0, limits.INTERVAL_MS_MAX, "milliseconds"),
    ]
    yield from wrong
    whole_ms = (custom.count - 1) * custom.interval_ms
    if not wrong and whole_ms > limits.DURATION_MS_MAX:
        detail = f"count × interval_ms take {whole_ms:,} ms, at most {limits.DURATION_MS_MAX:,} are allowed"
        yield Problem("count", ProblemCode.OUT_OF_RANGE, detail)


def _outside(path: str, value: float, smallest: float, largest: float, unit: str) -> Iterator[Problem]:
    # Written so that it also refuses what is no number: every comparison with it is false.
    if not smallest <= value <= largest:
        detail = f"must be {smallest:,} to {largest:,} {unit}".rstrip()
        yield Problem(path, ProblemCode.OUT_OF_RANGE, detail)
