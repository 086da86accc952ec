"""The commands of the distributed mode, on real servers."""

import asyncio
import json
import signal
from collections.abc import Mapping
from typing import Any

import pytest

from alerting_backend.adapters.kafka.sink import KafkaSink
from alerting_backend.adapters.kafka.topics import TOPICS
from alerting_backend.adapters.postgres.connection import owner_connection
from alerting_core.ports.stream import ALERTS_NEW, Outgoing
from tests.support.distributed import DistributedPlatform
from tests.support.patience import END_SECONDS_MAX, SHOWN_SECONDS_MAX
from tests.support.stored_apart import StoredApart

pytestmark = pytest.mark.integration


def told(platform: DistributedPlatform, *arguments: str, exit_code: int = 0, **settings: str) -> Mapping[str, Any]:
    """Run a command with --json and return what it wrote."""
    done = platform.run(*arguments, "--json", **settings)
    assert done.returncode == exit_code, done.stderr + done.stdout
    answer: Mapping[str, Any] = json.loads((done.stdout or done.stderr).splitlines()[-1])
    return answer


def publish(platform: DistributedPlatform, *values: bytes) -> None:
    """Put records on alerts.new as a careless producer would."""

    async def work() -> None:
        sink = KafkaSink(platform.kafka)
        await sink.publish([Outgoing(ALERTS_NEW, b"key", value) for value in values])
        await sink.close()

    asyncio.run(work())


def test_topics_are_made_once_and_listed_with_what_is_missing(platform: DistributedPlatform) -> None:
    assert told(platform, "topics", "create") == {"created": [], "there_already": list(TOPICS)}
    listed = told(platform, "topics", "list")
    assert [topic["name"] for topic in listed["topics"]] == list(TOPICS)
    assert {topic["partitions"] for topic in listed["topics"]} == {6}
    other = {"ALERTING_KAFKA_PREFIX": platform.kafka.prefix + "other."}
    assert told(platform, "topics", "list", exit_code=1, **other)["missing"] == list(TOPICS)
    made = told(platform, "topics", "create", "--partitions", "2", "--retention", "1h", **other)
    assert made["created"] == list(TOPICS)
    (alerts_new, *_) = told(platform, "topics", "list", **other)["topics"]
    assert (alerts_new["partitions"], alerts_new["keep_ms"]) == (2, 3_600_000)


def test_generated_alerts_go_straight_to_kafka(platform: DistributedPlatform, stored: StoredApart) -> None:
    summary = told(platform, "generate", "--kafka", "--burst", "1500", "--seed", "3")
    assert (summary["accepted"], summary["of"]) == (1500, 1500)
    assert stored.records([ALERTS_NEW]) == 1500


def test_dead_letters_on_kafka_are_listed_shown_and_replayed(platform: DistributedPlatform) -> None:
    platform.start("rule-updater", "evaluator")
    publish(platform, b"\xff\xfenonsense", b"")
    letters = told(platform, "dlq", "list")["items"]
    while len(letters) < 2:
        assert platform.are_running()
        letters = told(platform, "dlq", "list")["items"]
    nonsense = next(letter for letter in letters if letter["bytes"])
    assert "undecodable" in nonsense["reason"]
    assert told(platform, "dlq", "show", nonsense["id"])["value_hex"] == b"\xff\xfenonsense".hex()
    replayed = told(platform, "dlq", "replay", nonsense["id"])
    assert (replayed["chosen"], replayed["replayed"]) == (1, 1)
    gone = told(platform, "dlq", "replay", nonsense["id"], exit_code=1)
    assert gone["missing"] == 1


def test_a_bug_ends_a_worker_with_a_code_that_says_so(platform: DistributedPlatform) -> None:
    platform.start("recorder")
    recorder = platform.of("recorder")

    async def break_it() -> None:
        async with owner_connection(platform.database) as connection:
            await connection.execute("DROP TABLE alerts CASCADE")

    asyncio.run(break_it())
    told(platform, "generate", "--kafka", "--burst", "1")
    assert recorder.wait(seconds_max=SHOWN_SECONDS_MAX) == 1
    assert [event["code"] for event in recorder.events("worker_failed")] == ["bug"]


@pytest.mark.parametrize("missing", ["KAFKA_BROKERS", "REDIS_URL"])
def test_a_worker_says_which_setting_it_lacks(platform: DistributedPlatform, missing: str) -> None:
    done = platform.run("worker", "evaluator", **{f"ALERTING_{missing}": ""})
    assert done.returncode == 2
    assert f"ALERTING_{missing} must be set" in done.stderr


def test_a_worker_on_an_old_schema_waits_and_says_how_to_mend_it(platform: DistributedPlatform) -> None:
    async def forget() -> None:
        async with owner_connection(platform.database) as connection:
            await connection.execute("DELETE FROM schema_migrations WHERE version > 1")

    asyncio.run(forget())
    relay = platform.add("relay")
    relay.wait_until(lambda: bool(relay.events("dependency_waiting")), what="to say what it waits for")
    (waiting, *_) = relay.events("dependency_waiting")
    assert waiting["dependency"] == "postgres"
    assert "alerting migrate" in waiting["reason"]
    assert relay.stop(signal.SIGTERM, seconds_max=END_SECONDS_MAX) == 0
