"""The alerts that a job makes."""

from collections import Counter
from dataclasses import replace

import pytest

from alerting_core.domain.alert import Alert, Severity, check_alert
from alerting_core.errors import InvalidInput
from alerting_core.generator.alerts import ENVIRONMENTS, REGIONS, generate_alerts
from alerting_core.generator.config import CustomAlert, GeneratorConfig

START_MS = 1_767_323_045_678


def _alerts(config: GeneratorConfig, *, started_at_ms: int = START_MS) -> list[Alert]:
    return list(generate_alerts(config, started_at_ms=started_at_ms))


def _fields(alert: Alert) -> tuple[str, str, str]:
    return (alert.severity.name, alert.source, alert.name)


MANY = _alerts(GeneratorConfig(burst=20_000, seed=5))


def test_the_same_seed_makes_the_same_alerts_ids_and_times_included() -> None:
    config = GeneratorConfig(rps=100, duration="10s", seed=42)
    assert _alerts(config) == _alerts(config)


def test_another_seed_makes_other_alerts_with_other_ids() -> None:
    first, second = (_alerts(GeneratorConfig(burst=500, seed=seed)) for seed in (1, 2))
    assert [_fields(a) for a in first] != [_fields(a) for a in second]
    assert not {a.alert_id for a in first} & {a.alert_id for a in second}


def test_another_start_changes_the_times_alone() -> None:
    config = GeneratorConfig(burst=50, seed=3)
    later = _alerts(config, started_at_ms=START_MS + 60_000)
    assert [replace(a, event_ts=a.event_ts - 60) for a in later] == _alerts(config)


def test_the_sequence_is_the_same_on_every_python_and_in_the_browser() -> None:
    first = _alerts(GeneratorConfig(burst=4, seed=42), started_at_ms=0)
    assert [(_fields(a), dict(a.context)) for a in first] == [
        (("LOW", "api", "error"), {"environment": "dev"}),
        (("HIGH", "db", "timeout"), {"environment": "staging", "region": "us-east-1"}),
        (("LOW", "cache", "error"), {"region": "eu-west-1"}),
        (("LOW", "db", "error"), {"region": "us-east-1"}),
    ]
    assert first[0].alert_id == "cb8c98bd-90e8-8b63-830d-0f789937a431"


def test_alerts_are_made_one_by_one_and_each_is_in_order() -> None:
    assert not [problem for alert in MANY for problem in check_alert(alert)]
    assert len({alert.alert_id for alert in MANY}) == len(MANY)


def test_event_times_follow_the_pace_in_whole_seconds() -> None:
    alerts = _alerts(GeneratorConfig(rps=2, duration="3s"), started_at_ms=5_250)
    assert [alert.event_ts for alert in alerts] == [5, 5, 6, 6, 7, 7]


@pytest.mark.parametrize(
    ("field", "weights"),
    [
        (0, {"HIGH": 30, "MEDIUM": 30, "LOW": 25, "CRITICAL": 15}),
        (1, {"api": 25, "db": 20, "cache": 15, "monitor": 15, "queue": 10, "worker": 5, "frontend": 5, "backend": 5}),
        (2, {"timeout": 15, "error": 15, "crash": 10, "slow": 10, "memory": 10, "cpu": 10, "disk": 10, "network": 10,
             "auth": 5, "validation": 5}),
    ],
)  # fmt: skip
def test_values_come_as_often_as_the_default_weights_say(field: int, weights: dict[str, int]) -> None:
    counts = Counter(_fields(alert)[field] for alert in MANY)
    assert counts.keys() == weights.keys()
    for value, weight in weights.items():
        assert abs(counts[value] / len(MANY) * 100 - weight) < 1.5


def test_a_value_of_weight_zero_never_comes() -> None:
    alerts = _alerts(GeneratorConfig(burst=2_000, seed=1, severity_dist="LOW:0,HIGH:100"))
    assert {alert.severity for alert in alerts} == {Severity.HIGH}


def test_some_alerts_say_environment_and_region() -> None:
    environments = Counter(a.context["environment"] for a in MANY if "environment" in a.context)
    regions = Counter(a.context["region"] for a in MANY if "region" in a.context)
    assert environments.keys() == set(ENVIRONMENTS)
    assert regions.keys() == set(REGIONS)
    assert abs(environments.total() / len(MANY) - 0.30) < 0.015
    assert abs(regions.total() / len(MANY) - 0.20) < 0.015
    assert {key for alert in MANY for key in alert.context} == {"environment", "region"}


def test_changing_one_distribution_leaves_the_other_fields_as_they_were() -> None:
    changed = _alerts(GeneratorConfig(burst=500, seed=5, severity_dist="LOW:100"))
    assert [(a.source, a.name, a.context) for a in changed] == [(a.source, a.name, a.context) for a in MANY[:500]]


def test_two_alerts_of_one_place_but_other_content_have_other_ids() -> None:
    changed = _alerts(GeneratorConfig(burst=200, seed=5, severity_dist="LOW:100"))
    for alert, before in zip(changed, MANY, strict=False):
        assert (alert.alert_id == before.alert_id) == (_fields(alert) == _fields(before))


def test_a_single_test_is_the_one_known_alert() -> None:
    (alert,) = _alerts(GeneratorConfig(single_test=True, seed=1))
    assert (_fields(alert), alert.context) == (("LOW", "test-source", "test-name"), {})
    assert alert.event_ts == START_MS // 1_000


def test_a_test_begins_with_the_known_alert_and_goes_on_as_without() -> None:
    alerts = _alerts(GeneratorConfig(burst=100, seed=5, test=True))
    assert _fields(alerts[0]) == ("LOW", "test-source", "test-name")
    assert alerts[1:] == MANY[1:100]


def test_a_custom_alert_comes_as_often_as_asked_with_an_id_each() -> None:
    custom = CustomAlert(severity="CRITICAL", source="größe", name="*", count=3, interval_ms=1_000)
    alerts = _alerts(GeneratorConfig(custom=custom, seed=1), started_at_ms=0)
    assert [_fields(alert) for alert in alerts] == [("CRITICAL", "größe", "*")] * 3
    assert [alert.event_ts for alert in alerts] == [0, 1, 2]
    assert len({alert.alert_id for alert in alerts}) == 3


def test_a_config_with_problems_makes_no_alerts() -> None:
    with pytest.raises(InvalidInput):
        generate_alerts(GeneratorConfig(rps=2e9), started_at_ms=0)
