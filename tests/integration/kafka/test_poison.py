"""Records that no alert can be read from, on a real broker."""

import random

import pytest

from alerting_backend.adapters.kafka.dead_letters import KEPT_BYTES, TRUNCATED_HEADER
from alerting_backend.adapters.kafka.topics import DEAD_LETTER_BYTES_MAX
from alerting_core.codec.records import encode_alert
from alerting_core.errors import LimitExceeded
from alerting_core.memory.database import MemoryClock, MemoryDatabase
from alerting_core.memory.rule_distribution import MemoryRuleSource
from alerting_core.ports.stream import ALERTS_NEW, DLQ_SUFFIX, Outgoing, alert_record
from alerting_core.stages.batch import Count
from alerting_core.stages.consumers import Evaluator
from alerting_core.stages.rule_feed import RuleFeed
from tests.integration.kafka.conftest import Pair
from tests.support.catalog import NOW_MS
from tests.support.pipeline import make_alert, make_output

pytestmark = pytest.mark.integration

DEAD_LETTERS = ALERTS_NEW + DLQ_SUFFIX
LARGE_BYTES = 2 * 1_048_576


def random_bytes(count: int) -> bytes:
    """Return bytes that no codec makes smaller."""
    return random.Random(7).randbytes(count)


def dead_letter_of(value: bytes) -> Outgoing:
    """Return a record for the dead-letter topic, the only way past our own limit."""
    return make_output(DEAD_LETTERS, b"k", value)


async def test_poison_of_every_kind_goes_to_the_dead_letter_topic_and_the_stream_goes_on(pair: Pair) -> None:
    await pair.make(ALERTS_NEW, partitions=6, settings={"max.message.bytes": str(2 * LARGE_BYTES)})
    await pair.make(DEAD_LETTERS, partitions=6, settings={"max.message.bytes": str(DEAD_LETTER_BYTES_MAX)})
    poison = {
        b"random": random_bytes(500),
        b"empty": b"",
        b"no-client": encode_alert(make_alert(owner=" ")),
        b"long": encode_alert(make_alert(owner="s" * 256)),
        b"nul": encode_alert(make_alert(owner="a\0b")),
    }
    large = random_bytes(LARGE_BYTES)
    await pair.sink.publish([Outgoing(ALERTS_NEW, key, value) for key, value in poison.items()])
    await publish_as_others_may(pair, large)
    await pair.sink.publish([alert_record(make_alert()) for _ in range(20)])
    feed = RuleFeed(MemoryRuleSource(MemoryDatabase()), MemoryClock(NOW_MS))
    evaluator = Evaluator(pair.stream(ALERTS_NEW), feed, wait_ms=0)
    report = await evaluator.step()
    assert (report.received, report.rejected) == (26, 6)
    assert (await evaluator.step()).is_idle
    letters = {letter.key: letter for letter in await pair.read_all(DEAD_LETTERS)}
    assert {key: letter.value for key, letter in letters.items()} == {**poison, b"large": large}
    for letter in letters.values():
        headers = dict(letter.headers)
        assert headers["dlq-topic"] == ALERTS_NEW.encode()
        assert headers["dlq-reason"]
        assert TRUNCATED_HEADER not in headers


async def test_what_an_existing_producer_writes_beyond_our_bounds_is_matched_and_not_put_aside(pair: Pair) -> None:
    await pair.make(ALERTS_NEW, partitions=6)
    odd = [
        make_alert(alert_id=""),
        make_alert(alert_id=" odd\n", event_ts=1_767_323_045_678),
        make_alert(event_ts=-1),
        make_alert(source="s" * 256, name="a\0b"),
        make_alert(context={f"label_{number}": "x" * 2_000 for number in range(100)}),
    ]
    await pair.sink.publish([Outgoing(ALERTS_NEW, b"k", encode_alert(one)) for one in odd])
    feed = RuleFeed(MemoryRuleSource(MemoryDatabase()), MemoryClock(NOW_MS))
    report = await Evaluator(pair.stream(ALERTS_NEW), feed, wait_ms=0).step()
    assert (report.received, report.rejected, report.counts[Count.ALERTS_UNMATCHED]) == (5, 0, 5)


async def test_a_dead_letter_that_its_topic_does_not_take_is_cut_and_says_so(pair: Pair) -> None:
    await pair.make(DEAD_LETTERS)
    value = random_bytes(LARGE_BYTES)
    await pair.sink.publish([make_output(DEAD_LETTERS, b"before"), dead_letter_of(value), make_output("out", b"o")])
    letters = {letter.key: letter for letter in await pair.read_all(DEAD_LETTERS)}
    assert letters.keys() == {b"before", b"k"}
    letter = letters[b"k"]
    assert letter.value == value[:KEPT_BYTES]
    assert dict(letter.headers)[TRUNCATED_HEADER] == b"%d" % LARGE_BYTES
    await pair.sink.publish([make_output("out", b"p")])
    assert {record.key for record in await pair.read_all("out")} == {b"o", b"p"}


async def test_a_record_that_its_topic_does_not_take_is_refused_and_harms_nobody_else(pair: Pair) -> None:
    await pair.make("small", settings={"max.message.bytes": "10000"})
    with pytest.raises(LimitExceeded, match="larger than its topic takes"):
        await pair.sink.publish([make_output("small", b"k", random_bytes(20_000))])
    await pair.sink.publish([make_output("small", b"k", b"fits")])
    assert [record.value for record in await pair.read_all("small")] == [b"fits"]


async def publish_as_others_may(pair: Pair, value: bytes) -> None:
    """Publish to alerts.new what is beyond our own limit, by a producer that does not have it."""
    from aiokafka import AIOKafkaProducer

    producer = AIOKafkaProducer(bootstrap_servers=pair.address.brokers, max_request_size=4 * LARGE_BYTES)
    await producer.start()
    try:
        await producer.send_and_wait(pair.address.name(ALERTS_NEW), value, key=b"large")
    finally:
        await producer.stop()
