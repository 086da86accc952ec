"""What a Prometheus server speaks to an Alertmanager: what is taken, and what becomes of it."""

from typing import Any

import pytest
from httpx import AsyncClient, Response

from alerting_core.app.application import Application
from alerting_core.domain.alert import AlertStatus, Severity
from tests.api.backing_memory import MemoryBacking
from tests.api.catalog import refusal
from tests.api.world import START_MS, World, make_world

ALERTS = "/api/v2/alerts"
START = "2026-01-02T03:00:00.123456789Z"


def firing(**changes: Any) -> dict[str, Any]:
    """Return an alert as a Prometheus server of version 2 or 3 sends it."""
    return {
        "labels": {"alertname": "HighErrorRate", "job": "api", "severity": "critical", "instance": "10.0.0.1:80"},
        "annotations": {"summary": "5 % fail", "severity": "see the runbook"},
        "startsAt": START,
        "endsAt": "2026-01-02T03:08:05.678Z",
        "generatorURL": "http://prometheus:9090/graph?g0.expr=up",
    } | changes


def outcomes_of(answer: Response) -> dict[str, int]:
    """Check that *answer* is that of an Alertmanager that takes everything; return what became of the alerts."""
    assert (answer.status_code, answer.content) == (200, b""), answer.text
    counts = [one.split("=") for one in answer.headers["alerting-outcomes"].split(", ") if one]
    return {outcome: int(count) for outcome, count in counts}


async def test_labels_become_fields_and_context_and_annotations_stay_apart(world: World, admin: AsyncClient) -> None:
    answer = await admin.post(ALERTS, json=[firing()])
    assert outcomes_of(answer) == {"opened": 1}
    (alert,) = await world.alerts()
    assert (alert.name, alert.source, alert.severity) == ("HighErrorRate", "api", Severity.CRITICAL)
    assert alert.event_ts == 1_767_322_800
    assert alert.context == {
        "alertname": "HighErrorRate",
        "job": "api",
        "severity": "critical",
        "instance": "10.0.0.1:80",
    }
    assert alert.annotations == {
        "summary": "5 % fail",
        "severity": "see the runbook",
        "generatorURL": "http://prometheus:9090/graph?g0.expr=up",
    }


async def test_an_alert_that_is_sent_again_is_the_same_alert(world: World, admin: AsyncClient) -> None:
    first = firing()
    again = firing(
        labels=dict(reversed(list(first["labels"].items()))),
        annotations={"summary": "7 % fail"},
        startsAt="2026-01-02T04:00:00.123456789+01:00",
        endsAt="2026-01-02T03:09:05Z",
    )
    for alert in (first, again, firing(labels={**first["labels"], "empty": ""})):
        await admin.post(ALERTS, json=[alert])
    assert len(await world.alerts()) == 1


async def test_other_labels_make_another_alert_and_another_start_of_one_that_fires_does_not(
    world: World, admin: AsyncClient
) -> None:
    other_labels = firing(labels={**firing()["labels"], "instance": "10.0.0.2:80"})
    moved = firing(labels={"alertname": "HighErrorRate", "job": "ap", "severity": "icritical"})
    restarted = firing(startsAt="2026-01-02T03:01:00Z")
    answer = await admin.post(ALERTS, json=[firing(), other_labels, moved, restarted])
    assert outcomes_of(answer) == {"opened": 3, "extended": 1}
    assert len({alert.alert_id for alert in await world.alerts()}) == 3


async def test_what_has_ended_is_resolved_and_counted_and_fires_anew_as_another_alert(
    world: World, admin: AsyncClient
) -> None:
    ended = firing(endsAt="2026-01-02T03:04:05.678Z")

    async def posted(*alerts: Any) -> Any:
        return outcomes_of(await admin.post(ALERTS, json=alerts))

    assert await posted(ended) == {"not-open": 1}
    assert await world.alerts() == []
    assert await posted(firing(), ended) == {"opened": 1, "closed": 1}
    assert await posted(ended, ended) == {"not-open": 2}
    # With the start that it had: a Prometheus server may keep it, the platform does not mistake it for the one before.
    assert await posted(firing()) == {"opened": 1}
    assert await posted() == {}
    records = await world.alerts()
    assert [alert.ends_at for alert in records if alert.status is AlertStatus.RESOLVED] == [1_767_323_045]
    assert len({alert.alert_id for alert in records if alert.status is AlertStatus.FIRING}) == 2


async def test_the_end_at_one_server_of_a_pair_does_not_end_what_fires_at_the_other(admin: AsyncClient) -> None:
    one, other = START, "2026-01-02T03:00:07Z"

    async def outcomes(start: str, end: str) -> Any:
        return outcomes_of(await admin.post(ALERTS, json=[firing(startsAt=start, endsAt=end)]))

    ahead, past = "2026-01-02T03:08:05.678Z", "2026-01-02T03:04:00Z"
    assert await outcomes(one, ahead) == {"opened": 1}
    assert await outcomes(other, ahead) == {"extended": 1}
    assert await outcomes(one, past) == {"still-firing": 1}
    assert await outcomes(other, past) == {"closed": 1}


async def test_an_alert_without_an_end_fires_for_as_long_as_is_configured() -> None:
    backing = MemoryBacking()
    world = await make_world(backing, use=Application.on(backing.ports, life_ms=60_000))
    async with world.http() as http:
        await http.post(ALERTS, json=[firing(endsAt=None)])
    (episode,) = backing.database.episodes.values()
    assert episode.ends_at_ms == START_MS + 60_000


@pytest.mark.parametrize(
    ("label", "severity"),
    [
        ("critical", Severity.CRITICAL),
        ("Critical", Severity.CRITICAL),
        ("page", Severity.HIGH),
        ("error", Severity.HIGH),
        ("high", Severity.HIGH),
        ("warning", Severity.MEDIUM),
        ("medium", Severity.MEDIUM),
        ("info", Severity.LOW),
        ("none", Severity.LOW),
        ("low", Severity.LOW),
        ("tuesday", Severity.UNSPECIFIED),
        ("", Severity.UNSPECIFIED),
        (None, Severity.UNSPECIFIED),
    ],
)
async def test_the_severity_label_names_the_severity(label: str | None, severity: Severity) -> None:
    world = await make_world(MemoryBacking())
    labels = {"alertname": "a"} | ({} if label is None else {"severity": label})
    async with world.http() as http:
        assert (await http.post(ALERTS, json=[{"labels": labels}])).status_code == 200
    assert [alert.severity for alert in await world.alerts()] == [severity]


async def test_another_label_may_name_the_source_and_without_it_prometheus_is_the_source() -> None:
    world = await make_world(MemoryBacking(), source_label="service")
    async with world.http() as http:
        await http.post(ALERTS, json=[{"labels": {"alertname": "a", "job": "j", "service": "s"}}])
        await http.post(ALERTS, json=[{"labels": {"alertname": "a", "job": "j"}}])
    assert {alert.source for alert in await world.alerts()} == {"s", "prometheus"}


async def test_times_that_were_never_set_count_as_absent(world: World, admin: AsyncClient) -> None:
    zero = "0001-01-01T00:00:00Z"
    assert outcomes_of(await admin.post(ALERTS, json=[firing(startsAt=zero, endsAt=zero)])) == {"opened": 1}
    (alert,) = await world.alerts()
    assert alert.event_ts == 1_767_323_045


@pytest.mark.parametrize(
    ("times", "starts_at"),
    [
        ({"startsAt": "9999-12-31T23:59:59-12:00"}, 1_767_323_045),
        ({"startsAt": "0002-01-01T00:00:00Z"}, 0),
        ({"endsAt": "9999-12-31T23:59:59-12:00"}, 1_767_323_045),
    ],
)
async def test_times_beyond_all_reason_are_taken_for_what_can_be(
    world: World, admin: AsyncClient, times: dict[str, str], starts_at: int
) -> None:
    answer = await admin.post(ALERTS, json=[{"labels": {"alertname": "a"}, **times}])
    assert outcomes_of(answer) == {"opened": 1}
    assert [alert.event_ts for alert in await world.alerts()] == [starts_at]


async def test_an_annotation_beyond_the_limit_is_cut(world: World, admin: AsyncClient) -> None:
    assert (await admin.post(ALERTS, json=[firing(annotations={"runbook": "x" * 20_000})])).status_code == 200
    (alert,) = await world.alerts()
    assert len(alert.annotations["runbook"]) == 16_384
    assert alert.annotations["runbook"].endswith(" […]")


async def test_fields_of_newer_servers_are_passed_over(admin: AsyncClient) -> None:
    assert (await admin.post(ALERTS, json=[firing(fingerprint="abc", status={"state": "active"})])).status_code == 200


async def test_tools_that_ask_what_this_is_are_answered(world: World) -> None:
    async with world.http(None) as http:
        status = (await http.get("/api/v2/status")).json()
        assert status["cluster"]["status"] == "disabled"
        assert status["uptime"] == "2026-01-02T03:04:05.678Z"
        assert status["versionInfo"]["version"]
        refusal(await http.post(ALERTS, json=[firing()]), 401, "unauthenticated")
