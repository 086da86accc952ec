"""The API shows the figures of all processes, and the dead letters of Kafka."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from alerting_core.ports.stream import ALERTS_NEW
from tests.support.careless import Put, put
from tests.support.distributed import API, DistributedPlatform
from tests.support.patience import SHOWN_SECONDS_MAX
from tests.support.varied_world import VariedWorld

pytestmark = pytest.mark.integration

EVALUATOR, RECORDER = "evaluator", "recorder"


def wait_for(look: Callable[[], Any], *, until: Callable[[Any], bool]) -> Any:
    """Look again and again until what is seen is as wanted; return it."""
    deadline = time.monotonic() + SHOWN_SECONDS_MAX
    while not until(seen := look()):
        assert time.monotonic() < deadline, seen
        time.sleep(0.1)
    return seen


def test_the_api_shows_what_workers_in_other_processes_do_until_they_end(
    platform: DistributedPlatform, world: VariedWorld
) -> None:
    platform.start("rule-updater", EVALUATOR, EVALUATOR, RECORDER, API)
    with platform.http() as http:

        def stages(name: str) -> list[dict[str, Any]]:
            shown = http.get("/api/v1/metrics").raise_for_status().json()
            assert not shown["stages_unavailable"]
            return [stage for stage in shown["stages"] if stage["stage"] == name]

        alerts = [{"severity": "LOW", "source": "nobody", "name": f"n{number}"} for number in range(500)]
        assert http.post("/api/v1/alerts", json=alerts).status_code == 202

        def received() -> int:
            return sum(stage["received"] for stage in stages(EVALUATOR))

        wait_for(received, until=lambda seen: seen == 500)
        both = stages(EVALUATOR)
        assert len({stage["instance"] for stage in both}) == 2
        assert {stage["state"] for stage in both} == {"healthy"}
        rules = sum(rule.enabled for client in world.clients for rule in client.rules)
        wait_for(
            lambda: [s["gauges"].get("rules-indexed") for s in stages(EVALUATOR)],
            until=lambda seen: seen == [rules] * 2,
        )
        wait_for(lambda: [s["lag"] for s in stages(EVALUATOR)], until=lambda seen: seen == [0, 0])
        assert any(sum(stage["step_times"]["counts"]) for stage in both)
        wait_for(lambda: sum(s["received"] for s in stages(RECORDER)), until=lambda seen: seen == 500)

        first, second = platform.parts[EVALUATOR]
        second.stop()
        wait_for(lambda: len(stages(EVALUATOR)), until=lambda seen: seen == 1)
        first.kill()
        (left,) = stages(EVALUATOR)
        assert left["state"] == "healthy", "it is missed only after two minutes"
        series = http.get("/api/v1/metrics/series").raise_for_status().json()["stages"]
        by_stage = {one["stage"]: sum(one["received"]) for one in series}
        assert (by_stage[EVALUATOR], by_stage[RECORDER]) == (500, 500)


def test_the_api_lists_the_dead_letters_of_kafka_and_replays_them(platform: DistributedPlatform) -> None:
    platform.start("rule-updater", EVALUATOR, API)
    put(platform.kafka, [Put(ALERTS_NEW, 0, b"a-key", b"\xff\xff not an alert")])
    with platform.http() as http:

        def letters() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = http.get("/api/v1/dead-letters").raise_for_status().json()["items"]
            return found

        (letter,) = wait_for(letters, until=lambda seen: len(seen) == 1)
        assert (letter["topic"], letter["source"]["topic"], letter["replays"]) == (f"{ALERTS_NEW}.dlq", ALERTS_NEW, 0)
        path = f"/api/v1/dead-letters/{quote(letter['letter_id'], safe='')}"
        shown = http.get(path).raise_for_status().json()
        assert (shown["value"]["size"], shown["fields"]) == (15, [])
        assert http.post(f"{path}/replay").status_code == 202
        # What is still wrong with it brings it back, as another letter.
        (again,) = wait_for(letters, until=lambda seen: bool(seen) and seen[0]["letter_id"] != letter["letter_id"])
        assert again["replays"] == 1
        assert http.get(path).status_code == 404
