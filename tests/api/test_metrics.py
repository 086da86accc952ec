"""The platform's own figures over HTTP."""

from typing import Any

import pytest
from httpx import AsyncClient
from prometheus_client.parser import text_string_to_metric_families

from alerting_core import limits
from alerting_core.ports.metrics import Circuit, Gauge
from alerting_core.stages.batch import BatchReport, Count, StageName
from tests.api.catalog import Catalog
from tests.api.world import START_MS, World


@pytest.fixture
async def rule(catalog: Catalog) -> dict[str, Any]:
    await catalog.client("acme")
    return await catalog.rule("acme")


async def test_totals_are_those_of_the_caller(
    world: World, admin: AsyncClient, catalog: Catalog, rule: dict[str, Any]
) -> None:
    await catalog.client("globex")
    await catalog.rule("acme", name="off", enabled=False)
    await catalog.endpoint(rule["rule_id"])
    await world.notify(rule)
    await world.deliver()
    totals = (await admin.get("/api/v1/metrics")).json()["totals"]
    assert (totals["clients"], totals["rules_enabled"], totals["rules_disabled"], totals["last_hour"]) == (2, 1, 1, 1)
    assert totals["endpoints_by_type"]["webhook"] == 1
    assert totals["notifications_by_status"]["SENT"] == 1
    assert totals["deliveries_by_status"] == {"DELIVERED": 1}
    assert totals["by_hour"] == [0] * 23 + [1]
    assert totals["counted_at"] == "2026-01-02T03:04:05.678Z"
    async with world.http(await world.key("notifications:read", client_id="globex")) as http:
        theirs = (await http.get("/api/v1/metrics")).json()
    assert (theirs["totals"]["clients"], theirs["totals"]["rules_enabled"], theirs["totals"]["last_hour"]) == (1, 0, 0)
    assert (theirs["stages"], theirs["pipeline"], theirs["circuits"]) == ([], [], [])


async def test_a_stage_shows_its_sums_its_rate_and_its_state(world: World, admin: AsyncClient) -> None:
    report = BatchReport(
        StageName.EVALUATOR, received=60, published=5, rejected=2, counts={Count.ALERTS_MATCHED: 7}, took_ms=3.0
    )
    for second in range(3):
        world.meter.step_done(report, instance="one", now_ms=START_MS + second * 1_000)
    world.meter.lag_measured(StageName.EVALUATOR, 9, instance="one", now_ms=START_MS + 2_000)
    world.meter.step_done(BatchReport(StageName.RECORDER), instance="one", now_ms=START_MS + 2_000)
    world.meter.gauges_measured(StageName.EVALUATOR, {Gauge.RULES_INDEXED: 5}, instance="one", now_ms=START_MS + 2_000)
    world.clock.advance(3_000)

    async def stages() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await admin.get("/api/v1/metrics")).json()["stages"]
        return found

    recorder, evaluator = await stages()
    times = evaluator.pop("step_times")
    assert (sum(times["counts"]), len(times["counts"])) == (3, len(times["up_to_ms"]) + 1)
    assert 2 <= times["p50_ms"] <= times["p99_ms"] <= 5
    assert evaluator == {
        "stage": "evaluator",
        "instance": "one",
        "state": "healthy",
        "received": 180,
        "processed": 174,
        "published": 15,
        "rejected": 6,
        "errors": 0,
        "last_error": None,
        "rate_per_s": 60.0,
        "lag": 9,
        "last_seen": "2026-01-02T03:04:07.678Z",
        "counts": {"alerts-matched": 21},
        "gauges": {"rules-indexed": 5},
    }
    assert (recorder["stage"], recorder["received"], recorder["lag"]) == ("recorder", 0, None)
    world.meter.step_failed(StageName.EVALUATOR, "unavailable", instance="one", now_ms=world.clock.now_ms())
    evaluator = (await stages())[1]
    assert (evaluator["state"], evaluator["errors"], evaluator["last_error"]) == ("unhealthy", 1, "unavailable")
    world.meter.step_done(report, instance="one", now_ms=world.clock.now_ms())
    assert (await stages())[1]["state"] == "healthy"
    world.clock.advance(limits.STAGE_RATE_WINDOW_MS + 1_000)
    assert (await stages())[1]["rate_per_s"] == 0
    world.clock.advance(limits.STAGE_OFFLINE_MS)
    assert {stage["state"] for stage in await stages()} == {"offline"}


async def test_a_stage_is_summed_up_over_its_processes(world: World, admin: AsyncClient) -> None:
    for instance, received in (("one", 60), ("two", 30), ("gone", 6_000)):
        at_ms = START_MS - (limits.STAGE_OFFLINE_MS if instance == "gone" else 0)
        report = BatchReport(StageName.EVALUATOR, received=received, published=1, took_ms=8.0)
        world.meter.step_done(report, instance=instance, now_ms=at_ms)
        world.meter.lag_measured(StageName.EVALUATOR, received, instance=instance, now_ms=at_ms)
    world.meter.step_failed(StageName.EVALUATOR, "unavailable", instance="two", now_ms=START_MS)
    world.meter.gauges_measured(
        StageName.SENDER,
        {Gauge.CIRCUITS_OPEN: 1},
        circuits=[Circuit("hooks.acme.io:443", "open", 2)],
        instance="one",
        now_ms=START_MS,
    )
    shown = (await admin.get("/api/v1/metrics")).json()
    evaluator, deliverer = shown["pipeline"]
    assert evaluator["instances"] == {"healthy": 1, "unhealthy": 1, "offline": 1}
    assert (evaluator["state"], evaluator["last_error"]) == ("healthy", "unavailable")
    assert (evaluator["received"], evaluator["rate_per_s"], evaluator["lag"]) == (6_090, 90.0, 60)
    assert 5 <= evaluator["step_times"]["p50_ms"] <= 10
    assert (deliverer["lag"], deliverer["gauges"]) == (0, {"circuits-open": 1})
    assert shown["circuits"] == [{"instance": "one", "host": "hooks.acme.io:443", "state": "open", "targets": 2}]


async def test_the_series_tells_what_each_stage_did_in_spans_of_ten_seconds(world: World, admin: AsyncClient) -> None:
    report = BatchReport(StageName.EVALUATOR, received=60, published=5, rejected=2, counts={Count.ALERTS_MATCHED: 7})
    for seconds, instance in ((0, "one"), (0, "two"), (25, "one")):
        world.meter.step_done(report, instance=instance, now_ms=START_MS + seconds * 1_000)
        world.meter.lag_measured(StageName.EVALUATOR, seconds, instance=instance, now_ms=START_MS + seconds * 1_000)
    world.clock.advance(30_000)
    shown = (await admin.get("/api/v1/metrics/series", params={"minutes": 1})).json()
    assert (shown["at"], shown["begins_at"]) == ("2026-01-02T03:04:35.678Z", "2026-01-02T03:03:40.000Z")
    assert (shown["bucket_s"], shown["buckets"]) == (10, 6)
    (evaluator,) = shown["stages"]
    assert evaluator == {
        "stage": "evaluator",
        "received": [0, 0, 120, 0, 0, 60],
        "published": [0, 0, 10, 0, 0, 5],
        "rejected": [0, 0, 4, 0, 0, 2],
        "errors": [0, 0, 0, 0, 0, 0],
        "lag": [None, None, 0, None, None, 25],
        "counts": {"alerts-matched": [0, 0, 14, 0, 0, 7]},
    }
    assert len((await admin.get("/api/v1/metrics/series")).json()["stages"][0]["received"]) == 360
    async with world.http(await world.key("notifications:read", client_id=(await _client(admin)))) as http:
        assert (await http.get("/api/v1/metrics/series")).json()["stages"] == []


async def _client(admin: AsyncClient) -> str:
    return (await Catalog(admin).client("acme"))["client_id"]


async def test_prometheus_reads_the_figures_and_no_label_names_a_client(
    world: World, admin: AsyncClient, rule: dict[str, Any]
) -> None:
    report = BatchReport(StageName.EVALUATOR, received=60, counts={Count.ALERTS_MATCHED: 7}, took_ms=8.0)
    world.meter.step_done(report, instance="one", now_ms=START_MS)
    circuits = [Circuit("hooks.acme.io:443", "open")]
    gauges = {Gauge.CIRCUITS_OPEN: 1}
    world.meter.gauges_measured(StageName.EVALUATOR, gauges, circuits=circuits, instance="one", now_ms=START_MS)
    await admin.get("/api/v1/rules/nonsense-acme")
    async with world.http(None) as http:
        exposed = await http.get("/metrics")
    assert exposed.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = {family.name: family for family in text_string_to_metric_families(exposed.text)}
    (received,) = families["alerting_stage_received"].samples
    assert (received.name, received.labels, received.value) == (
        "alerting_stage_received_total",
        {"stage": "evaluator", "instance": "one"},
        60,
    )
    times = {sample.labels["quantile"]: sample.value for sample in families["alerting_stage_step_seconds"].samples}
    assert times.keys() == {"0.5", "0.99"}
    assert all(0.005 <= seconds <= 0.01 for seconds in times.values())
    (gauge,) = families["alerting_stage_gauges"].samples
    assert (gauge.labels["gauge"], gauge.value) == ("circuits-open", 1)
    states = {sample.labels["state"]: sample.value for sample in families["alerting_stage_state"].samples}
    assert states == {"healthy": 1, "unhealthy": 0, "offline": 0}
    requests = families["alerting_http_request_duration_seconds"].samples
    assert {"method": "GET", "path": "/api/v1/rules/{rule_id}", "status": "4xx"} in [
        {name: value for name, value in sample.labels.items() if name != "le"} for sample in requests
    ]
    assert "acme" not in exposed.text
