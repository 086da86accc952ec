"""When alerts are due."""

import pytest

from alerting_core.errors import InvalidInput
from alerting_core.generator.alerts import pace_of
from alerting_core.generator.config import CustomAlert, GeneratorConfig


def test_at_a_rate_the_first_is_due_at_once_and_the_rest_at_even_distances() -> None:
    pace = pace_of(GeneratorConfig(rps=10, duration="60s"))
    assert pace.alerts_total == 600
    assert [pace.due_by(ms) for ms in (0, 99, 100, 101, 1_000, 59_899, 59_900, 60_000, 10**9)] == [
        1, 1, 2, 2, 11, 599, 600, 600, 600,
    ]  # fmt: skip
    assert pace.ends_at_ms == 59_900


@pytest.mark.parametrize("rps", [0.001, 0.3, 1 / 3, 3, 7.77, 60, 800, 9_999.999])
def test_an_alert_is_due_from_its_own_time_on_and_not_before(rps: float) -> None:
    pace = pace_of(GeneratorConfig(rps=rps, duration="90s"))
    for position in range(min(pace.alerts_total, 2_000)):
        due_at_ms = pace.due_at_ms(position)
        assert pace.due_by(due_at_ms) > position
        assert pace.due_by(due_at_ms - 1) <= position


def test_a_day_at_an_awkward_rate_loses_no_alert_to_rounding() -> None:
    pace = pace_of(GeneratorConfig(rps=0.1, duration="24h"))
    assert pace.alerts_total == 8_640
    assert pace.ends_at_ms == 8_639 * 10_000


def test_nothing_is_due_before_the_start_even_if_the_clock_goes_back() -> None:
    assert pace_of(GeneratorConfig()).due_by(-1) == 0
    assert pace_of(GeneratorConfig(burst=5)).due_by(-1) == 0


def test_a_burst_is_due_at_once() -> None:
    pace = pace_of(GeneratorConfig(burst=100_000))
    assert (pace.due_by(0), pace.ends_at_ms) == (100_000, 0)


def test_a_custom_alert_comes_at_its_interval() -> None:
    pace = pace_of(GeneratorConfig(custom=CustomAlert(severity="LOW", source="s", name="n", count=3, interval_ms=250)))
    assert [pace.due_by(ms) for ms in (0, 249, 250, 499, 500, 9_999)] == [1, 1, 2, 2, 3, 3]


def test_a_single_test_is_one_alert_at_once() -> None:
    pace = pace_of(GeneratorConfig(single_test=True, rps=100))
    assert (pace.alerts_total, pace.due_by(0)) == (1, 1)


def test_a_config_with_problems_has_no_pace() -> None:
    with pytest.raises(InvalidInput) as caught:
        pace_of(GeneratorConfig(rps=2e9, seed=-1))
    assert [problem.path for problem in caught.value.problems] == ["rps", "seed"]
