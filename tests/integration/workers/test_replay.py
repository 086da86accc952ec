"""Dead letters are mended and replayed by the command line, through the real processes to a receiver."""

import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from alerting_backend.adapters.kafka.dead_letters import KEPT_BYTES, TRUNCATED_HEADER
from alerting_core.codec.records import encode_alert, encode_match
from alerting_core.domain.alert import Alert, Match
from alerting_core.generator.alerts import generate_alerts
from alerting_core.generator.config import GeneratorConfig
from alerting_core.generator.testdata import Size
from alerting_core.ports.stream import ALERTS_MATCHED, ALERTS_NEW, DLQ_SUFFIX
from tests.support.careless import Put, put, set_record_limit
from tests.support.dead_letter_commands import dlq, letters_of, wait_for_letters
from tests.support.distributed import DistributedPlatform
from tests.support.receiver import Receiver
from tests.support.stored_apart import StoredApart
from tests.support.varied_world import VariedWorld

pytestmark = [pytest.mark.integration, pytest.mark.slow]

SIZE = Size(clients=10, rules_per_client=40, endpoints_per_rule=1)
MIB = 1_048_576
LARGE_BYTES = 2 * MIB


@pytest.fixture
def small(platform: DistributedPlatform, receiver: Receiver) -> VariedWorld:
    """Return a few clients, and the processes that carry alerts to them."""
    world = VariedWorld.at(receiver, size=SIZE)
    world.load_into(platform.database)
    platform.start("rule-updater", "evaluator", "recorder", "aggregator", "sender")
    return world


def alerts_that_tell(world: VariedWorld, count: int) -> Sequence[Alert]:
    """Return generated alerts that some client is told of."""
    endless = GeneratorConfig(burst=100_000, seed=5)
    alerts = generate_alerts(endless, started_at_ms=time.time_ns() // 1_000_000)
    telling = (alert for alert in alerts if world.expected_of([alert]).told)
    return [next(telling) for _ in range(count)]


def see_told(world: VariedWorld, alerts: Sequence[Alert], receiver: Receiver, stored: StoredApart) -> None:
    """Wait until all is done, and see that these alerts, and no others, were told, each once."""
    expected = Counter(world.expected_of(alerts).told)
    receiver.wait_for(lambda: receiver.arrived >= expected.total(), what="webhooks")
    stored.wait_until_settled()
    assert receiver.counts() == expected


@pytest.mark.timeout(300)
def test_a_letter_that_is_still_wrong_comes_back_once_and_a_mended_one_is_told_to_whom_it_concerns(
    platform: DistributedPlatform, small: VariedWorld, receiver: Receiver, stored: StoredApart
) -> None:
    (alert,) = alerts_that_tell(small, 1)
    put(platform.kafka, [Put(ALERTS_NEW, 0, b"k", encode_alert(replace(alert, source="")))])
    (first,) = wait_for_letters(platform, bool)
    assert (first["replays"], dlq(platform, "replay", first["id"])["replayed"]) == (0, 1)
    (second,) = wait_for_letters(platform, lambda letters: [each["replays"] for each in letters] == [1])
    assert second["reason"] == first["reason"]
    assert second["id"] != first["id"]
    stored.wait_until_settled()
    assert stored.records([ALERTS_NEW]) == 2, "it was replayed once, and nothing replays it again"
    assert letters_of(platform) == [second]

    refused = dlq(platform, "replay", second["id"], "--set", f"source={'y' * 256}", "--set", "name=", exit_code=4)
    assert refused["error"] == "still-refused"
    assert refused["problems"][0] == "name must not be empty", "a source that is too long is made fit"
    assert dlq(platform, "replay", second["id"], "--set", "title=x", exit_code=4)["error"] == "still-refused"
    assert letters_of(platform) == [second]
    shown = dict(dlq(platform, "show", second["id"])["fields"])
    assert (shown["alert_id"], "source" in shown) == (alert.alert_id, False)
    repaired = dlq(platform, "replay", second["id"], "--set", f"source={alert.source}")
    assert (repaired["chosen"], repaired["replayed"]) == (1, 1)
    see_told(small, [alert], receiver, stored)
    assert letters_of(platform) == []


@pytest.mark.timeout(300)
def test_letters_of_other_topics_and_of_no_message_at_all_can_be_mended(
    platform: DistributedPlatform, small: VariedWorld, receiver: Receiver, stored: StoredApart, tmp_path: Path
) -> None:
    first, second = alerts_that_tell(small, 2)
    (client_id, _), rule_ids = next(iter(small.expected_of([first]).rules_of.items()))
    noise = random.Random(1).randbytes(300)
    match = encode_match(Match(first, "nobody\0", rule_ids))
    put(platform.kafka, [Put(ALERTS_MATCHED, 3, b"k", match), Put(ALERTS_NEW, 1, b"k", noise)])
    letters = wait_for_letters(platform, lambda found: len(found) == 2)
    of_match, of_noise = sorted(letters, key=lambda letter: str(letter["id"]))
    assert of_match["id"].startswith(ALERTS_MATCHED + DLQ_SUFFIX)
    assert "nul-character" in of_match["reason"]

    dlq(platform, "replay", of_match["id"], "--set", f"client_id={client_id}")
    told = small.expected_of([first]).told
    mine = {one for one in told if f"/{client_id}/" in one[0]}
    receiver.wait_for(lambda: receiver.arrived >= len(mine), what="webhooks")
    assert receiver.counts() == Counter(mine), "that client alone"
    cannot = dlq(platform, "replay", of_noise["id"], "--set", "alert_id=a", exit_code=4)
    assert "not a protobuf message" in cannot["problems"][0]
    file = tmp_path / "mended.pb"
    file.write_bytes(encode_alert(second))
    assert dlq(platform, "replay", of_noise["id"], "--value-file", str(file))["replayed"] == 1
    stored.wait_until_settled()
    wanted = Counter(mine) + Counter(small.expected_of([second]).told)
    receiver.wait_for(lambda: receiver.arrived >= wanted.total(), what="webhooks")
    assert receiver.counts() == wanted
    assert letters_of(platform) == []


@pytest.mark.timeout(300)
def test_a_letter_that_was_cut_is_not_replayed_unless_the_whole_of_it_is_given(
    platform: DistributedPlatform, small: VariedWorld, receiver: Receiver, stored: StoredApart, tmp_path: Path
) -> None:
    (alert,) = alerts_that_tell(small, 1)
    set_record_limit(platform.kafka, ALERTS_NEW, 2 * LARGE_BYTES)
    set_record_limit(platform.kafka, ALERTS_NEW + DLQ_SUFFIX, MIB)
    put(platform.kafka, [Put(ALERTS_NEW, 2, b"k", random.Random(2).randbytes(LARGE_BYTES))])
    (letter,) = wait_for_letters(platform, bool)
    assert (letter["is_whole"], letter["bytes"]) == (False, KEPT_BYTES)
    refused = dlq(platform, "replay", letter["id"], exit_code=4)
    assert refused["error"] == "truncated"
    assert TRUNCATED_HEADER in refused["detail"]
    assert "--value-file" in refused["detail"]
    every = dlq(platform, "replay", "--all")
    assert (every["chosen"], every["cut"], every["replayed"]) == (1, 1, 0)
    in_parts = dlq(platform, "replay", letter["id"], "--set", "alert_id=a", exit_code=4)
    assert in_parts["error"] == "still-refused"
    assert stored.records([ALERTS_NEW]) == 1, "nothing of it was published"
    assert letters_of(platform) == [letter]

    file = tmp_path / "whole.pb"
    file.write_bytes(encode_alert(alert))
    assert dlq(platform, "replay", letter["id"], "--value-file", str(file))["replayed"] == 1
    see_told(small, [alert], receiver, stored)
    assert letters_of(platform) == []
