"""What a generator job may ask for."""

import math

import pytest

from alerting_core.errors import Problem
from alerting_core.generator.config import (
    SEED_MAX,
    CustomAlert,
    GeneratorConfig,
    Mode,
    check_config,
    choose_seed,
    read_duration_ms,
)


def _custom(**changes: object) -> CustomAlert:
    fields = {"severity": "HIGH", "source": "api", "name": "down"} | changes
    return CustomAlert(**fields)  # type: ignore[arg-type]


def test_the_defaults_are_in_order() -> None:
    assert check_config(GeneratorConfig()) == ()
    assert GeneratorConfig().mode is Mode.RATE


@pytest.mark.parametrize(
    "config",
    [
        GeneratorConfig(burst=100_000),
        GeneratorConfig(rps=800, duration="3m"),
        GeneratorConfig(single_test=True),
        GeneratorConfig(custom=_custom(count=100, interval_ms=1_000)),
    ],
)
def test_what_the_presets_ask_for_is_allowed(config: GeneratorConfig) -> None:
    assert check_config(config) == ()


@pytest.mark.parametrize(
    ("config", "path"),
    [
        (GeneratorConfig(rps=0), "rps"),
        (GeneratorConfig(rps=-1), "rps"),
        (GeneratorConfig(rps=2e9), "rps"),
        (GeneratorConfig(rps=math.nan), "rps"),
        (GeneratorConfig(rps=math.inf), "rps"),
        (GeneratorConfig(rps=10**400), "rps"),
        (GeneratorConfig(duration="0s"), "duration"),
        (GeneratorConfig(duration="25h"), "duration"),
        (GeneratorConfig(duration="soon"), "duration"),
        (GeneratorConfig(rps=10_000, duration="24h"), "duration"),
        (GeneratorConfig(burst=-1), "burst"),
        (GeneratorConfig(burst=10**9), "burst"),
        (GeneratorConfig(seed=-1), "seed"),
        (GeneratorConfig(seed=2**53), "seed"),
        (GeneratorConfig(severity_dist="FATAL:100"), "severity_dist[0]"),
        (GeneratorConfig(source_dist="api:1"), "source_dist"),
        (GeneratorConfig(name_dist=""), "name_dist"),
        (GeneratorConfig(custom=_custom(severity="*")), "custom.severity"),
        (GeneratorConfig(custom=_custom(severity="high")), "custom.severity"),
        (GeneratorConfig(custom=_custom(source="")), "custom.source"),
        (GeneratorConfig(custom=_custom(name="a\0b")), "custom.name"),
        (GeneratorConfig(custom=_custom(count=0)), "custom.count"),
        (GeneratorConfig(custom=_custom(count=10**5_000, interval_ms=10**5_000)), "custom.count"),
        (GeneratorConfig(custom=_custom(interval_ms=-1)), "custom.interval_ms"),
        (GeneratorConfig(custom=_custom(count=100_000, interval_ms=1_000)), "custom.count"),
        (GeneratorConfig(custom=_custom(), single_test=True), "custom"),
    ],
)
def test_absurd_values_are_refused_with_their_place(config: GeneratorConfig, path: str) -> None:
    assert path in [problem.path for problem in check_config(config)]


def test_all_problems_of_a_config_are_told_at_once() -> None:
    config = GeneratorConfig(
        rps=2e9, duration="x", burst=-1, seed=-1, severity_dist="", source_dist="a", name_dist="b:1"
    )
    assert [problem.path for problem in check_config(config)] == [
        "duration", "rps", "burst", "seed", "severity_dist", "source_dist[0]", "name_dist",
    ]  # fmt: skip


def test_a_given_seed_is_kept_and_none_becomes_one_of_the_time_and_the_job() -> None:
    assert choose_seed(GeneratorConfig(seed=7), now_ms=1).seed == 7
    chosen = [choose_seed(GeneratorConfig(), now_ms=now, job=job).seed for now, job in ((1, "a"), (1, "b"), (2, "a"))]
    assert len(set(chosen)) == 3
    assert all(0 < seed <= SEED_MAX for seed in chosen)
    assert choose_seed(GeneratorConfig(), now_ms=1, job="a").seed == chosen[0]


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("60s", 60_000), ("3m", 180_000), ("1h30m", 5_400_000), ("500ms", 500), ("1.5s", 1_500), ("0.1h", 360_000),
     (" 2s ", 2_000), ("1m0.25s", 60_250)],
)  # fmt: skip
def test_durations_are_read_exactly(text: str, milliseconds: int) -> None:
    assert read_duration_ms("d", text) == milliseconds


@pytest.mark.parametrize("text", ["", "60", "s", "-1s", "1 s", "1d", "1s!", "1e3s", "٣s", "1s" * 10_000])
def test_what_is_no_duration_is_a_problem(text: str) -> None:
    assert isinstance(read_duration_ms("d", text), Problem)
