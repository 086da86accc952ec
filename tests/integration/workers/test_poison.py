"""Records that nobody can use, on every topic, through the real processes: put aside, and nothing else is held up."""

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pytest
from aiokafka.errors import MessageSizeTooLargeError

from alerting_backend.adapters.kafka.topics import PARTITIONS_DEFAULT
from alerting_core.codec.records import (
    NotificationReady,
    RuleAction,
    RuleChanged,
    encode_alert,
    encode_match,
    encode_notification_ready,
    encode_rule_changed,
)
from alerting_core.domain.alert import Alert, Match
from alerting_core.generator.alerts import generate_alerts
from alerting_core.generator.config import GeneratorConfig
from alerting_core.generator.testdata import Size
from alerting_core.ports.stream import ALERTS_MATCHED, ALERTS_NEW, DLQ_SUFFIX, NOTIFICATIONS_READY, RULE_CHANGED
from alerting_core.topology import SOURCES
from tests.support.careless import Put, ends, put, set_record_limit
from tests.support.catalog import new_uuid
from tests.support.dead_letter_commands import wait_for_letters
from tests.support.distributed import DistributedPlatform
from tests.support.loader import as_json
from tests.support.patience import SETTLE_SECONDS_MAX
from tests.support.pipeline import make_alert
from tests.support.receiver import Receiver
from tests.support.stored_apart import StoredApart
from tests.support.varied_world import VariedWorld
from tests.support.verdict import differences

pytestmark = [pytest.mark.integration, pytest.mark.slow]

SIZE = Size(clients=24, rules_per_client=40, endpoints_per_rule=1)
"""Enough clients that their keys are found in every partition."""

MIB = 1_048_576
LARGE_BYTES = 2 * MIB
TOPIC_BYTES_MAX = 4 * MIB
GOOD_ALERTS = 100
LOOK_SECONDS = 0.2

LONG, NUL = "x" * 256, "a\0b"


def _alert(text: str) -> bytes:
    # An odd id of an alert is made fit; the client that it is private to is not guessed at.
    return encode_alert(make_alert(owner=text or " "))


def _match(text: str) -> bytes:
    return encode_match(Match(make_alert(), text, ("rule-1",)))


def _change(text: str) -> bytes:
    return encode_rule_changed(RuleChanged(new_uuid(), text, RuleAction.UPDATED, 1, 1_700_000_000))


def _ready(text: str) -> bytes:
    return encode_notification_ready(NotificationReady(new_uuid(), text, "alert-1"))


WITH_ID: Mapping[str, Callable[[str], bytes]] = {
    ALERTS_NEW: _alert,
    RULE_CHANGED: _change,
    ALERTS_MATCHED: _match,
    NOTIFICATIONS_READY: _ready,
}
"""Topic → a message of which one id is given, and all else is right."""


@dataclass(frozen=True, slots=True)
class Poison:
    """A record, and what the reason has to say of it."""

    record: Put
    reason: str


def poison_for(topic: str) -> list[Poison]:
    """Return every kind of poison for every partition of *topic*, that of 2 MiB for one."""
    dice = random.Random(topic)
    message = WITH_ID[topic]
    found = [
        Poison(Put(topic, partition, b"poison", value), reason)
        for partition in range(PARTITIONS_DEFAULT)
        for value, reason in (
            (dice.randbytes(500), "undecodable"),
            (b"", "record: empty"),
            (message(""), "empty"),
            (message(LONG), "too-long"),
            (message(NUL), "nul-character"),
        )
    ]
    return [*found, Poison(Put(topic, dice.randrange(6), b"poison", dice.randbytes(LARGE_BYTES)), "too-large")]


def good_alerts(count: int) -> list[Alert]:
    """Return generated alerts."""
    config = GeneratorConfig(burst=count, seed=11)
    return list(generate_alerts(config, started_at_ms=time.time_ns() // 1_000_000))


def post(platform: DistributedPlatform, alerts: Sequence[Alert]) -> None:
    """Have the API accept *alerts*."""
    with platform.http() as http:
        response = http.post("/api/v1/alerts", json=[as_json(alert) for alert in alerts])
    assert response.status_code == 202, response.text


@pytest.mark.timeout(300)
def test_poison_on_every_topic_is_put_aside_with_its_reason_and_every_stream_goes_on(
    platform: DistributedPlatform, stored: StoredApart, receiver: Receiver
) -> None:
    world = VariedWorld.at(receiver, size=SIZE)
    world.load_into(platform.database)
    platform.start()
    alerts = good_alerts(2 * GOOD_ALERTS)
    post(platform, alerts[:GOOD_ALERTS])
    stored.wait_until_settled(is_running=platform.are_running)

    for topic in SOURCES:
        with pytest.raises(MessageSizeTooLargeError):
            put(platform.kafka, [Put(topic, 0, b"poison", bytes(LARGE_BYTES))])
        set_record_limit(platform.kafka, topic, TOPIC_BYTES_MAX)
    poison = [one for topic in SOURCES for one in poison_for(topic)]
    offsets = put(platform.kafka, [one.record for one in poison])
    assert min(offsets) > 0, "good records are before it in every partition"
    post(platform, alerts[GOOD_ALERTS:])
    letters = wait_for_letters(platform, lambda found: len(found) >= len(poison))
    stored.wait_until_settled(is_running=platform.are_running)

    by_source = {tuple(letter["source"].values()): letter for letter in letters}
    assert len(by_source) == len(letters) == len(poison)
    for one, offset in zip(poison, offsets, strict=True):
        record = one.record
        letter = by_source[record.topic, record.partition, offset]
        assert letter["id"].startswith(record.topic + DLQ_SUFFIX + "/")
        assert one.reason in letter["reason"]
        assert (letter["bytes"], letter["is_whole"]) == (len(record.value), True)
    assert stored.dead_letters() == len(poison), "each once"
    expected = world.expected_of(alerts)
    assert differences(stored, alerts, expected) == [f"dead letters: {len(poison)}"]
    assert receiver.counts() == Counter(expected.told), "each arrived once and once only"
    assert [part.name for part in platform.all_parts() if not part.is_running or part.ready_code() != 200] == []
    for topic in (ALERTS_NEW, ALERTS_MATCHED, NOTIFICATIONS_READY):
        assert is_followed_everywhere(platform, topic, poison, offsets)
    edit_and_see_it_count(platform, world)


def is_followed_everywhere(
    platform: DistributedPlatform, topic: str, poison: Sequence[Poison], offsets: Sequence[int]
) -> bool:
    """Tell whether other records are behind all poison in every partition of *topic*."""
    last = {one.record.partition: at for one, at in zip(poison, offsets, strict=True) if one.record.topic == topic}
    after = ends(platform.kafka, topic, range(PARTITIONS_DEFAULT))
    return all(after[partition] > at + 1 for partition, at in last.items()) and len(last) == PARTITIONS_DEFAULT


def edit_and_see_it_count(platform: DistributedPlatform, world: VariedWorld) -> None:
    """Create a rule, and send alerts until one meets it."""
    client_id = world.clients[0].client.client_id
    fresh = {"client_id": client_id, "severity": "*", "source": "only here", "name": "*"}
    with platform.http() as http:
        created = http.post("/api/v1/rules", json=fresh)
        assert created.status_code == 201, created.text
        deadline = time.monotonic() + SETTLE_SECONDS_MAX
        while time.monotonic() < deadline:
            post(platform, [make_alert(source="only here", alert_id=new_uuid())])
            found = http.get("/api/v1/notifications", params={"client_id": client_id, "limit": 200}).json()["items"]
            if any(one["source"] == "only here" for one in found):
                return
            time.sleep(LOOK_SECONDS)
    raise AssertionError("no alert met the new rule")
