"""Whatever a job asks for, it is either refused with reasons or done exactly."""

from itertools import islice, pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from alerting_core.domain.alert import check_alert
from alerting_core.generator.alerts import generate_alerts, pace_of
from alerting_core.generator.config import (
    CustomAlert,
    Distribution,
    GeneratorConfig,
    check_config,
    read_distribution,
    read_duration_ms,
)

numbers = st.integers() | st.integers(0, 100_000)
dist_texts = st.text("AB:,01 5٣", max_size=20) | st.sampled_from(("LOW:100", "LOW:40,HIGH:60", "a:50,b:50"))
customs = st.builds(
    CustomAlert,
    severity=st.sampled_from(("LOW", "CRITICAL", "*", "")),
    source=st.text(max_size=5),
    name=st.text(max_size=5),
    count=numbers,
    interval_ms=numbers,
)
configs = st.builds(
    GeneratorConfig,
    rps=st.floats() | st.floats(0.001, 100) | numbers,
    duration=st.text("0123456789.hms", max_size=8) | st.sampled_from(("1s", "90s", "1h")),
    burst=numbers | st.just(0),
    seed=numbers,
    severity_dist=dist_texts | st.just("LOW:100"),
    source_dist=dist_texts | st.just("a:100"),
    name_dist=dist_texts | st.just("a:100"),
    test=st.booleans(),
    single_test=st.booleans(),
    custom=st.none() | customs,
)


@given(configs)
def test_a_config_without_problems_makes_alerts_that_every_later_stage_takes(config: GeneratorConfig) -> None:
    if check_config(config):
        return
    pace = pace_of(config)
    assert pace.alerts_total >= 1
    alerts = list(islice(generate_alerts(config, started_at_ms=1_000), 50))
    assert len(alerts) == min(50, pace.alerts_total)
    assert len({alert.alert_id for alert in alerts}) == len(alerts)
    assert not [problem for alert in alerts for problem in check_alert(alert)]


@given(configs, st.lists(st.integers(-10, 10**9), min_size=2))
@example(GeneratorConfig(rps=0.001, duration="24h"), [0, 999_999, 1_000_000])
def test_what_is_due_only_grows_and_agrees_with_when_it_is_due(config: GeneratorConfig, times: list[int]) -> None:
    if check_config(config):
        return
    pace = pace_of(config)
    for earlier, later in pairwise(sorted(times)):
        assert 0 <= pace.due_by(earlier) <= pace.due_by(later) <= pace.alerts_total
    for time in times:
        due = pace.due_by(time)
        assert due == 0 or pace.due_at_ms(due - 1) <= time
        assert due == pace.alerts_total or pace.due_at_ms(due) > time


@given(st.dictionaries(st.text("abc:* é", min_size=1).filter(str.strip).map(str.strip), st.integers(1, 9), max_size=9))
def test_a_distribution_reads_back_as_it_was_written(weights: dict[str, int]) -> None:
    weights["the rest"] = 100 - sum(weights.values())
    text = ",".join(f"{value}:{weight}" for value, weight in weights.items())
    assert read_distribution("d", text) == Distribution(tuple(weights), tuple(weights.values()))


@given(st.text())
def test_any_text_is_a_distribution_or_has_problems(text: str) -> None:
    read = read_distribution("d", text)
    assert isinstance(read, Distribution) or read


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99), st.integers(0, 999))
def test_the_parts_of_a_duration_add_up(hours: int, minutes: int, seconds: int, ms: int) -> None:
    wanted = ((hours * 60 + minutes) * 60 + seconds) * 1_000 + ms
    assert read_duration_ms("d", f"{hours}h{minutes}m{seconds}s{ms}ms") == wanted
