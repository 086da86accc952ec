"""Generator jobs of an API that runs in several processes."""

import time

import httpx
import pytest

from alerting_core.ports.stream import ALERTS_NEW
from tests.support.distributed import API, DistributedPlatform
from tests.support.patience import SHOWN_SECONDS_MAX
from tests.support.stored_apart import StoredApart

pytestmark = pytest.mark.integration


def wait_until_done(http: httpx.Client, job_id: str) -> None:
    deadline = time.monotonic() + SHOWN_SECONDS_MAX
    while (job := http.get(f"/api/v1/generator/jobs/{job_id}").json())["status"] != "completed":
        assert time.monotonic() < deadline, job
        time.sleep(0.1)


def test_a_job_is_worked_off_once_by_several_processes_and_goes_on_when_one_of_them_is_killed(
    platform: DistributedPlatform, stored: StoredApart
) -> None:
    platform.start(API)
    platform.start(API)
    first, second = platform.parts[API]
    with second.http() as http:
        job = http.post("/api/v1/generator/jobs", json={"burst": 3_000, "seed": 7})
        assert job.status_code in {201, 202}, job.text
        wait_until_done(http, job.json()["job_id"])
        assert stored.records([ALERTS_NEW]) == 3_000
        slow = http.post("/api/v1/generator/jobs", json={"rps": 100, "duration": "5s", "seed": 8}).json()["job_id"]
        first.kill()
        wait_until_done(http, slow)
        # What the first had published and not noted is published again, with the same ids.
        assert 3_500 <= stored.records([ALERTS_NEW]) < 4_000
