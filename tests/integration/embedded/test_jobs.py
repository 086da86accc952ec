"""Jobs of the alert generator, started by the API and worked off by the platform."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from alerting_backend.runtime.background import JOBS_AT_ONCE_MAX
from tests.support.platform_process import PlatformProcess, platform

pytestmark = pytest.mark.integration

JOBS = "/api/v1/generator/jobs"


@pytest.fixture(scope="module")
def running() -> Iterator[PlatformProcess]:
    with platform() as process:
        process.start()
        yield process


def start_job(running: PlatformProcess, **config: Any) -> str:
    with running.http() as http:
        answer = http.post(JOBS, json=config)
        assert answer.status_code == 202, answer.text
        job_id: str = answer.json()["job_id"]
        return job_id


def job(running: PlatformProcess, job_id: str) -> Mapping[str, Any]:
    with running.http() as http:
        shown: Mapping[str, Any] = http.get(f"{JOBS}/{job_id}").json()
        return shown


def alert_ids(running: PlatformProcess) -> list[str]:
    """Return the ids of the latest alerts that the platform has recorded."""
    with running.http() as http:
        return [alert["alert_id"] for alert in http.get("/api/v1/alerts?limit=200").json()["items"]]


def test_a_job_sends_as_many_alerts_as_it_says(running: PlatformProcess) -> None:
    job_id = start_job(running, rps=100, duration="2s", seed=5)
    running.wait_until(lambda: job(running, job_id)["status"] == "completed", what="to work the job off")
    shown = job(running, job_id)
    assert shown["alerts_sent"] == shown["alerts_total"] == 200
    running.wait_until(lambda: len(set(alert_ids(running))) == 200, what="to record its alerts")


def test_a_job_keeps_its_pace(running: PlatformProcess) -> None:
    job_id = start_job(running, rps=20, duration="1h")
    running.wait_until(lambda: job(running, job_id)["alerts_sent"] >= 5, what="to begin")
    shown = job(running, job_id)
    assert shown["alerts_sent"] < shown["alerts_total"] / 10, "what is due later is not sent at once"
    with running.http() as http:
        assert http.post(f"{JOBS}/{job_id}/stop").status_code == 202


def test_a_job_that_is_asked_to_stop_ends_soon_and_says_how_far_it_was(running: PlatformProcess) -> None:
    job_id = start_job(running, rps=50, duration="1h")
    running.wait_until(lambda: job(running, job_id)["alerts_sent"] > 0, what="to begin")
    with running.http() as http:
        assert http.post(f"{JOBS}/{job_id}/stop").status_code == 202
    running.wait_until(lambda: job(running, job_id)["status"] == "cancelled", what="to stop")
    sent = job(running, job_id)["alerts_sent"]
    assert 0 < sent < 180_000


def test_no_more_jobs_run_at_once_than_there_may_be_and_the_others_follow(running: PlatformProcess) -> None:
    job_ids = [start_job(running, rps=1, duration="1h") for _ in range(JOBS_AT_ONCE_MAX + 1)]
    first, last = job_ids[0], job_ids[-1]
    running.wait_until(
        lambda: all(job(running, one)["status"] == "running" for one in job_ids[:-1]), what="to run some side by side"
    )
    assert job(running, last)["status"] == "pending"
    with running.http() as http:
        http.post(f"{JOBS}/{first}/stop")
        running.wait_until(lambda: job(running, last)["status"] == "running", what="to begin the next")
        for one in job_ids[1:]:
            http.post(f"{JOBS}/{one}/stop")


def test_a_job_that_was_cut_off_goes_on_after_a_kill_and_sends_no_alert_that_it_would_not_have_sent() -> None:
    with platform() as process:
        process.start()
        job_id = start_job(process, rps=40, duration="4s", seed=11)
        process.wait_until(lambda: job(process, job_id)["alerts_sent"] >= 20, what="to begin")
        process.kill()
        process.start()
        process.wait_until(lambda: job(process, job_id)["status"] == "completed", what="to work the job off")
        assert job(process, job_id)["alerts_sent"] == 160
        process.wait_until(lambda: len(set(alert_ids(process))) == 160, what="to record its alerts")
