"""Each promise of `DeadLetterStore`."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from alerting_backend.adapters.kafka.connection import KafkaAddress
from alerting_backend.adapters.kafka.dead_letters import KafkaDeadLetterStore
from alerting_backend.adapters.kafka.sink import KafkaSink
from alerting_backend.adapters.kafka.stream import KafkaStream
from alerting_backend.adapters.kafka.topics import create_topics
from alerting_backend.adapters.postgres.connection import open_pools
from alerting_backend.adapters.postgres.stream.dead_letters import PgDeadLetterStore
from alerting_backend.adapters.postgres.stream.stream import PgLog, PgSink, PgStream
from alerting_core.errors import InvalidInput
from alerting_core.memory.database import MemoryClock
from alerting_core.memory.log import MemoryLog
from alerting_core.memory.stream import MemoryDeadLetterStore, MemorySink, MemoryStream
from alerting_core.ports.catalog import PageRequest, TimeKey, encode_time_cursor
from alerting_core.ports.operations import BEFORE_ALL, REPLAYS_HEADER, DeadLetter, DeadLetterStore, RecordId
from alerting_core.ports.stream import ALERTS_MATCHED, ALERTS_NEW, Record, Sink, Stream, dead_letter
from alerting_core.stages.batch import offsets_after
from tests.support.catalog import NOW_MS, new_uuid, walk
from tests.support.postgres.cluster import Cluster
from tests.support.servers.topics import Topics

LETTERS = f"{ALERTS_NEW}.dlq"


@dataclass(frozen=True)
class Refused:
    """A log with dead letters.

    Attributes:
        source: A consumer of the topic that the letters are from.
    """

    sink: Sink
    source: Stream
    letters: DeadLetterStore

    async def refuse(self, number: int, *, topic: str = ALERTS_NEW) -> None:
        """Put a record aside as a consumer does."""
        record = Record(topic, number % 3, number, b"key-%d" % number, b"value-%d" % number, (("trace", b"t"),))
        await self.sink.publish([dead_letter(record, f"reason {number}")])

    async def all(self, topic: str = LETTERS) -> list[DeadLetter]:
        """Return the letters of a topic."""
        return list(await self.letters.page(topic, after=BEFORE_ALL, limit=100))


@pytest.fixture(
    params=["memory", "embedded_postgres_cluster", pytest.param("kafka_brokers", marks=pytest.mark.integration)]
)
def server(request: pytest.FixtureRequest) -> Cluster | str | None:
    """Return the server to test on, None for memory."""
    found: Cluster | str | None = None if request.param == "memory" else request.getfixturevalue(request.param)
    return found


@pytest.fixture
async def refused(server: Cluster | str | None) -> AsyncIterator[Refused]:
    """Return a log without dead letters."""
    if server is None:
        memory = MemoryLog(clock=MemoryClock(NOW_MS))
        yield Refused(
            MemorySink(memory), MemoryStream(memory, topic=ALERTS_NEW, group="g"), MemoryDeadLetterStore(memory)
        )
        return
    if isinstance(server, Cluster):
        async with server.database() as database, open_pools(database, size_max=4) as pools:
            log = PgLog(pools.worker)
            yield Refused(PgSink(log), PgStream(log, topic=ALERTS_NEW, group="g"), PgDeadLetterStore(log))
        return
    topics = Topics(server)
    address = KafkaAddress(server, prefix=topics.prefix)
    for topic in await create_topics(address, [ALERTS_NEW, LETTERS, f"{ALERTS_MATCHED}.dlq"], partitions=2):
        topics.forget_later(address.name(topic))
    sink = KafkaSink(address)
    stream = KafkaStream(address, sink, topic=ALERTS_NEW, group="g")
    try:
        yield Refused(sink, stream, KafkaDeadLetterStore(address, sink))
    finally:
        await stream.close()
        await sink.close()
        await topics.delete_all()


async def test_letters_tell_where_they_were_refused_and_why(refused: Refused) -> None:
    await refused.refuse(7)
    (letter,) = await refused.all()
    assert letter.source == (ALERTS_NEW, 1, 7)
    assert (letter.reason, letter.key, letter.value) == ("reason 7", b"key-7", b"value-7")
    assert letter.headers == (("trace", b"t"),)
    assert letter.is_whole
    assert letter.refused_at_ms > 1_600_000_000_000


async def test_letters_are_counted_by_topic(refused: Refused) -> None:
    assert await refused.letters.counts() == {}
    for number in range(5):
        await refused.refuse(number)
    await refused.refuse(9, topic=ALERTS_MATCHED)
    assert await refused.letters.counts() == {LETTERS: 5, f"{ALERTS_MATCHED}.dlq": 1}


async def test_pages_follow_each_other_in_the_order_of_places(refused: Refused) -> None:
    for number in range(20):
        await refused.refuse(number)
    whole = await refused.all()
    assert sorted(letter.place for letter in whole) == [letter.place for letter in whole]
    paged: list[DeadLetter] = []
    while page := await refused.letters.page(LETTERS, after=paged[-1].place if paged else BEFORE_ALL, limit=3):
        assert len(page) <= 3
        paged += page
    assert paged == whole
    assert len(whole) == 20


async def test_a_letter_is_found_by_its_place_alone(refused: Refused) -> None:
    await refused.refuse(1)
    await refused.refuse(2)
    for letter in await refused.all():
        assert await refused.letters.get(LETTERS, letter.place) == letter
    assert await refused.letters.get(LETTERS, RecordId(0, 999)) is None
    assert await refused.letters.get("no.such.topic.dlq", RecordId(0, 0)) is None


async def test_a_replayed_letter_is_at_its_source_as_it_came_and_no_longer_here(refused: Refused) -> None:
    for number in range(3):
        await refused.refuse(number)
    first, *others = await refused.all()
    assert await refused.letters.replay([first]) == 1
    assert await refused.all() == others
    assert await refused.letters.counts() == {LETTERS: 2}
    assert await refused.letters.get(LETTERS, first.place) is None
    (record,) = await refused.source.poll(records_max=10, wait_ms=0)
    assert (record.key, record.value) == (first.key, first.value)
    assert record.headers == (*first.headers, (REPLAYS_HEADER, b"1"))


async def test_a_mended_letter_is_at_its_source_as_it_was_mended(refused: Refused) -> None:
    await refused.refuse(1)
    (letter,) = await refused.all()
    assert await refused.letters.replay([replace(letter, key=b"other key", value=b"other value")]) == 1
    assert await refused.all() == []
    (record,) = await refused.source.poll(records_max=10, wait_ms=0)
    assert (record.key, record.value) == (b"other key", b"other value")


async def test_a_letter_of_which_the_beginning_is_left_is_replayed_when_the_whole_is_given(refused: Refused) -> None:
    await refused.refuse(1)
    (letter,) = await refused.all()
    cut = replace(letter, value=b"val", is_whole=False)
    assert await refused.letters.replay([cut]) == 0
    assert await refused.all() == [letter]
    assert await refused.letters.replay([replace(cut, value=b"the whole", is_whole=True)]) == 1
    assert await refused.all() == []
    (record,) = await refused.source.poll(records_max=10, wait_ms=0)
    assert record.value == b"the whole"


async def test_a_letter_that_comes_back_tells_how_often_it_was_replayed(refused: Refused) -> None:
    await refused.refuse(1)
    for replays in range(3):
        (letter,) = await refused.all()
        assert letter.replays == replays
        assert letter.headers == (("trace", b"t"),)
        await refused.letters.replay([letter])
        (record,) = await refused.source.poll(records_max=10, wait_ms=0)
        await refused.source.commit([dead_letter(record, "still wrong")], offsets_after([record]))


async def test_a_letter_is_replayed_once_however_often_it_is_asked_for(refused: Refused) -> None:
    await refused.refuse(1)
    letters = await refused.all()
    assert await refused.letters.replay(letters) == 1
    assert await refused.letters.replay(letters) == 0
    assert len(await refused.source.poll(records_max=10, wait_ms=0)) == 1


async def test_a_letter_that_comes_back_is_another_one(refused: Refused) -> None:
    await refused.refuse(1)
    (letter,) = await refused.all()
    await refused.letters.replay([letter])
    await refused.refuse(1)
    (again,) = await refused.all()
    assert again.place != letter.place


async def test_letters_of_all_topics_are_listed_newest_first(refused: Refused) -> None:
    for number in range(7):
        await refused.refuse(number, topic=ALERTS_MATCHED if number % 3 == 0 else ALERTS_NEW)
    listed = (await refused.letters.list(PageRequest(100))).items
    assert {letter.source[2] for letter in listed} == set(range(7))
    order = [letter.key_of_order for letter in listed]
    assert sorted(order, reverse=True) == order
    assert listed[0].refused_at_ms >= listed[-1].refused_at_ms > 0
    of_one = (await refused.letters.list(PageRequest(100), topic=f"{ALERTS_MATCHED}.dlq")).items
    assert [letter for letter in listed if letter.source[0] == ALERTS_MATCHED] == of_one
    for unknown in ("no.such.topic.dlq", ALERTS_NEW, "", "a\0b", "\ud800"):
        assert (await refused.letters.list(PageRequest(100), topic=unknown)).items == []


async def test_pages_of_the_list_visit_each_letter_once_while_others_come_and_go(refused: Refused) -> None:
    for number in range(9):
        await refused.refuse(number)
    whole = (await refused.letters.list(PageRequest(100))).items
    gone = whole[-1]

    async def disturb() -> None:
        await refused.refuse(99)
        await refused.letters.replay([gone])

    seen = await walk(refused.letters.list, limit=4, after_page=disturb)
    # Those that come meanwhile may be of the same millisecond, and then anywhere in it.
    assert [letter for letter in seen if letter.reason != "reason 99"] == whole[:-1]


async def test_a_replayed_letter_is_listed_no_longer(refused: Refused) -> None:
    for number in range(3):
        await refused.refuse(number)
    first, *others = (await refused.letters.list(PageRequest(100))).items
    await refused.letters.replay([first])
    assert (await refused.letters.list(PageRequest(100))).items == others


async def test_a_cursor_of_another_list_is_invalid(refused: Refused) -> None:
    for cursor in (encode_time_cursor("dead-letters", TimeKey(NOW_MS, new_uuid())), "garbage"):
        with pytest.raises(InvalidInput) as caught:
            await refused.letters.list(PageRequest(10, cursor))
        assert [problem.path for problem in caught.value.problems] == ["cursor"]
