"""Jobs of the alert generator over HTTP."""

from typing import Any

import pytest
from httpx import AsyncClient

from alerting_core import limits
from alerting_core.ports.operations import JobStatus
from tests.api.catalog import Catalog, problems, refusal
from tests.api.world import World

JOBS = "/api/v1/generator/jobs"


async def test_a_started_job_waits_with_its_config_and_a_seed(admin: AsyncClient) -> None:
    started = await admin.post(JOBS, json={"rps": 800, "duration": "3m"})
    assert started.status_code == 202
    job = started.json()
    assert (job["status"], job["alerts_total"], job["alerts_sent"]) == ("pending", 144_000, 0)
    assert (job["config"]["rps"], job["config"]["duration"], job["config"]["burst"]) == (800, "3m", 0)
    assert job["config"]["seed"] > 0
    assert (job["started_at"], job["completed_at"], job["error"], job["stop_asked"]) == (None, None, None, False)
    assert (await admin.get(started.headers["location"])).json() == job


async def test_progress_and_end_are_shown(world: World, admin: AsyncClient) -> None:
    job = (await admin.post(JOBS, json={"burst": 100, "seed": 7})).json()
    world.clock.advance(1_000)
    await world.backing.jobs.take(now_ms=world.clock.now_ms())
    await world.backing.jobs.note_progress(job["job_id"], 42)
    url = f"{JOBS}/{job['job_id']}"
    running = (await admin.get(url)).json()
    assert (running["status"], running["alerts_sent"], running["started_at"]) == (
        "running",
        42,
        "2026-01-02T03:04:06.678Z",
    )
    stopped = await admin.post(f"{url}/stop")
    assert (stopped.status_code, stopped.json()["status"], stopped.json()["stop_asked"]) == (202, "running", True)
    await world.backing.jobs.finish(
        job["job_id"], JobStatus.CANCELLED, alerts_sent=50, error=None, now_ms=world.clock.now_ms()
    )
    assert (await admin.post(f"{url}/stop")).json()["status"] == "cancelled"
    assert [j["job_id"] for j in (await admin.get(JOBS, params={"status": "cancelled"})).json()["items"]] == [
        job["job_id"]
    ]
    assert (await admin.get(JOBS, params={"status": "pending"})).json()["items"] == []


async def test_a_waiting_job_is_cancelled_at_once(admin: AsyncClient) -> None:
    job = (await admin.post(JOBS, json={"single_test": True})).json()
    assert job["alerts_total"] == 1
    assert (await admin.post(f"{JOBS}/{job['job_id']}/stop")).json()["status"] == "cancelled"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"rps": 2e9}, {("rps", "out-of-range")}),
        (
            {"rps": -1, "burst": -1, "seed": 2**60},
            {("rps", "out-of-range"), ("burst", "out-of-range"), ("seed", "out-of-range")},
        ),
        ({"duration": "forever"}, {("duration", "wrong-type")}),
        ({"duration": "25h"}, {("duration", "out-of-range")}),
        ({"severity_dist": "HIGH:0"}, {("severity_dist", "out-of-range")}),
        ({"source_dist": "a:50,a:50"}, {("source_dist[1]", "unknown-value")}),
        (
            {"custom": {"severity": "X", "source": "", "name": "n", "count": 0}},
            {
                ("custom.severity", "unknown-value"),
                ("custom.source", "empty"),
                ("custom.count", "out-of-range"),
            },
        ),
        ({"broker": "evil:9092"}, {("broker", "unknown-field")}),
    ],
)
async def test_an_absurd_job_is_refused(
    world: World, admin: AsyncClient, body: dict[str, Any], expected: set[Any]
) -> None:
    before = await world.footprint()
    assert problems(await admin.post(JOBS, json=body)) == expected
    assert await world.footprint() == before


async def test_no_more_jobs_than_the_limit_wait(admin: AsyncClient) -> None:
    for _ in range(limits.JOBS_UNFINISHED_MAX):
        assert (await admin.post(JOBS, json={})).status_code == 202
    refusal(await admin.post(JOBS, json={}), 422, "limit-exceeded")


async def test_jobs_are_for_operators(world: World, catalog: Catalog) -> None:
    await catalog.client("acme")
    async with world.http(await world.key("admin", client_id="acme")) as http:
        for answer in (await http.post(JOBS, json={}), await http.get(JOBS), await http.get(f"{JOBS}/x")):
            refusal(answer, 403, "forbidden")
