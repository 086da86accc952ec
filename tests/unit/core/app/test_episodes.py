"""Reports are stored before they are published, each identity on its own, in the order in which they were given."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from alerting_core.app.episodes import TRIES_MAX, EpisodeIntake, ReportResult
from alerting_core.codec.records import decode_alert, message_headers
from alerting_core.domain.alert import Alert, AlertStatus
from alerting_core.domain.client import Client
from alerting_core.domain.episode import Episode, EpisodeKey
from alerting_core.domain.episode_report import Report, ReportOutcome, apply
from alerting_core.errors import PortUnavailable
from alerting_core.memory.database import MemoryClock, MemoryDatabase
from alerting_core.memory.episodes import MemoryEpisodeStore
from alerting_core.ports.episodes import PutResult
from alerting_core.ports.stream import ALERTS_NEW, Outgoing
from tests.support.catalog import NOW_MS
from tests.support.episodes import FINGERPRINT, MINUTE_MS, firing, resolved

KEY = ("", FINGERPRINT)
FIRING, RESOLVED = AlertStatus.FIRING, AlertStatus.RESOLVED


class Store(MemoryEpisodeStore):
    """A store that others change, and that may be away.

    Attributes:
        rivals: Reports that are applied by somebody else, each just before the next `put`.
        marks_are_lost: Whether it is away when something is to be marked.
        puts: How many rows each call was to store.
    """

    def __init__(self, database: MemoryDatabase, clock: MemoryClock) -> None:
        super().__init__(database)
        self.rows, self._clock = database.episodes, clock
        self.rivals: list[Report] = []
        self.marks_are_lost = False
        self.puts: list[int] = []
        self.loads = 0

    async def load(self, keys: Collection[EpisodeKey]) -> Mapping[EpisodeKey, Episode]:
        self.loads += 1
        return await super().load(keys)

    async def put(self, episodes: Sequence[Episode]) -> Sequence[PutResult]:
        if self.rivals:
            rival = self.rivals.pop(0)
            after = apply(self.rows.get(rival.key), rival, now_ms=self._clock.now_ms()).episode
            assert after is not None
            await super().put([after])
        self.puts.append(len(episodes))
        return await super().put(episodes)

    async def mark_published(self, episodes: Sequence[Episode]) -> None:
        if self.marks_are_lost:
            raise PortUnavailable("postgres", operation="mark_published")
        await super().mark_published(episodes)


@dataclass
class Log:
    """A log that may be away."""

    outputs: list[Outgoing] = field(default_factory=list[Outgoing])
    is_away: bool = False

    async def publish(self, outputs: Sequence[Outgoing]) -> None:
        if self.is_away:
            raise PortUnavailable("kafka", operation="publish")
        self.outputs += outputs

    def told(self) -> list[tuple[str, int, AlertStatus]]:
        """Return (alert_id, phase, status) of each record."""
        alerts = [decode_alert(output.value) for output in self.outputs]
        return [(one.alert_id, one.phase, one.status) for one in alerts if isinstance(one, Alert)]


class World:
    """The way in, and what is behind it."""

    def __init__(self) -> None:
        self.clock, self.database, self.log = MemoryClock(NOW_MS), MemoryDatabase(), Log()
        self.store = Store(self.database, self.clock)
        self.intake = EpisodeIntake(self.store, self.log, self.clock)

    async def report(self, *reports: Report) -> list[ReportOutcome]:
        """Report, and return the outcomes."""
        return [one.outcome for one in await self.intake.report(reports)]

    @property
    def row(self) -> Episode:
        """The only episode."""
        (row,) = self.store.rows.values()
        return row


async def test_an_episode_is_told_from_its_firing_to_its_end_in_one_partition() -> None:
    world = World()
    (opened,) = await world.intake.report([firing(NOW_MS)], message_headers("00-trace"))
    world.clock.advance(MINUTE_MS)
    assert await world.report(resolved(NOW_MS)) == [ReportOutcome.CLOSED]
    id_ = world.row.episode_id
    assert opened == ReportResult(ReportOutcome.OPENED, id_)
    assert world.log.told() == [(id_, 1, FIRING), (id_, 2, RESOLVED)]
    assert {(output.topic, output.key) for output in world.log.outputs} == {(ALERTS_NEW, id_.encode())}
    assert world.log.outputs[0].headers == message_headers("00-trace")
    assert world.row.is_published


async def test_nothing_is_told_and_little_written_while_it_still_fires() -> None:
    world = World()
    await world.report(firing())
    for _ in range(60):
        world.clock.advance(MINUTE_MS)
        await world.report(firing())
    assert len(world.log.outputs) == 1
    assert world.row.number == 1
    # Once in half of the five minutes that are stored, after the first repetition.
    assert len(world.store.puts) == 2 + 59 // 3


async def test_what_never_fired_is_not_stored_when_it_is_resolved() -> None:
    world = World()
    assert await world.intake.report([resolved()]) == [ReportResult(ReportOutcome.NOT_OPEN, None)]
    assert (len(world.store.rows), world.store.puts, world.log.outputs) == (0, [], [])


async def test_nothing_is_asked_of_anybody_for_no_reports() -> None:
    world = World()
    assert list(await world.intake.report([])) == []
    assert world.store.loads == 0


async def test_many_identities_are_loaded_stored_and_published_together() -> None:
    world = World()
    outcomes = await world.report(*(firing(fingerprint=f"f{n}") for n in range(50)), resolved(fingerprint="g"))
    assert outcomes == [ReportOutcome.OPENED] * 50 + [ReportOutcome.NOT_OPEN]
    assert (world.store.loads, world.store.puts, len(world.log.outputs)) == (1, [50], 50)


async def test_reports_of_one_identity_in_one_call_are_applied_in_their_order() -> None:
    world = World()
    reports = [firing(), firing(), firing(fingerprint="g"), resolved(), firing(), resolved(), resolved()]
    results = await world.intake.report(reports)
    assert [one.outcome for one in results] == [
        ReportOutcome.OPENED,
        ReportOutcome.UNCHANGED,
        ReportOutcome.OPENED,
        ReportOutcome.CLOSED,
        ReportOutcome.OPENED,
        ReportOutcome.CLOSED,
        ReportOutcome.NOT_OPEN,
    ]
    first, second = results[0].episode_id, results[4].episode_id
    assert [one.episode_id for one in results if one.episode_id in {first, second}] == [first] * 3 + [second] * 3
    assert first != second
    told = [one for one in world.log.told() if one[0] in {first, second}]
    assert told == [(first, 1, FIRING), (first, 2, RESOLVED), (second, 1, FIRING), (second, 2, RESOLVED)]
    assert world.store.rows[KEY].is_published
    assert world.store.rows[KEY].number == 2


async def test_a_change_that_another_made_meanwhile_is_not_overwritten() -> None:
    world = World()
    await world.report(firing(NOW_MS))
    world.clock.advance(MINUTE_MS)
    world.store.rivals = [firing(NOW_MS + 7)]
    assert await world.report(resolved(NOW_MS), firing(fingerprint="g")) == [
        ReportOutcome.STILL_FIRING,
        ReportOutcome.OPENED,
    ]
    assert [one.starts_at_ms for one in world.store.rows[KEY].reporters] == [NOW_MS + 7]
    # What met nobody is stored the first time.
    assert world.store.puts == [1, 2, 1]


async def test_two_who_open_an_episode_at_once_open_one() -> None:
    world = World()
    world.store.rivals = [firing(NOW_MS - 7)]
    assert await world.report(firing(NOW_MS)) == [ReportOutcome.EXTENDED]
    assert world.row.number == 1
    # Whoever opened it publishes it, or the keeper does; it is published here too, since it is not yet marked.
    assert world.log.told() == [(world.row.episode_id, 1, FIRING)]


async def test_a_report_that_others_never_let_through_is_given_back() -> None:
    world = World()
    await world.report(firing(NOW_MS))
    world.store.rivals = [firing(NOW_MS + n, NOW_MS + MINUTE_MS * (6 + n)) for n in range(1, TRIES_MAX + 5)]
    with pytest.raises(PortUnavailable, match="episodes"):
        await world.report(resolved(NOW_MS, NOW_MS + 1))
    assert len(world.store.rivals) == 4


async def test_the_owner_that_is_gone_is_said_and_nothing_is_told() -> None:
    world = World()
    world.database.clients["acme"] = Client("acme", "Acme", 0, 0)
    reports = [firing(owner="gone"), firing(owner="acme"), resolved(owner="gone"), firing()]
    results = await world.intake.report(reports)
    gone = ReportResult(ReportOutcome.OWNER_GONE, None)
    assert [results[0], results[2]] == [gone, gone]
    assert [results[1].outcome, results[3].outcome] == [ReportOutcome.OPENED, ReportOutcome.OPENED]
    assert {key[0] for key in world.store.rows} == {"acme", ""}
    assert len(world.log.outputs) == 2


async def test_a_report_is_taken_in_while_the_log_is_away() -> None:
    world = World()
    world.log.is_away = True
    (opened,) = await world.intake.report([firing(NOW_MS)])
    assert (opened.outcome, opened.is_published) == (ReportOutcome.OPENED, False)
    world.clock.advance(MINUTE_MS)
    (closed,) = await world.intake.report([resolved(NOW_MS)])
    assert (closed.outcome, closed.is_published) == (ReportOutcome.CLOSED, False)
    assert (world.row.phase, world.row.published_phase) == (2, 0)


async def test_an_end_never_overtakes_a_firing_that_could_not_be_published() -> None:
    world = World()
    world.log.is_away = True
    await world.report(firing(NOW_MS))
    world.log.is_away = False
    world.clock.advance(MINUTE_MS)
    await world.report(resolved(NOW_MS))
    id_ = world.row.episode_id
    assert world.log.told() == [(id_, 1, FIRING), (id_, 2, RESOLVED)]


async def test_what_is_published_and_not_marked_is_published_again() -> None:
    world = World()
    world.store.marks_are_lost = True
    (opened,) = await world.intake.report([firing(NOW_MS)])
    assert not opened.is_published
    world.store.marks_are_lost = False
    world.clock.advance(MINUTE_MS)
    await world.report(resolved(NOW_MS))
    assert [phase for _, phase, _ in world.log.told()] == [1, 1, 2]


async def test_an_episode_gives_way_to_the_next_only_when_all_its_records_are_in_the_log() -> None:
    world = World()
    world.log.is_away = True
    await world.report(firing(NOW_MS))
    await world.report(resolved())
    before = world.row
    with pytest.raises(PortUnavailable, match="kafka"):
        await world.report(firing(), firing(fingerprint="g"))
    assert world.store.rows[KEY] == before
    assert world.store.rows["", "g"].phase == 1
    world.log.is_away = False
    assert await world.report(firing()) == [ReportOutcome.OPENED]
    after = world.store.rows[KEY]
    assert world.log.told() == [
        (before.episode_id, 1, FIRING),
        (before.episode_id, 2, RESOLVED),
        (after.episode_id, 1, FIRING),
    ]


async def test_an_episode_that_cannot_be_marked_does_not_give_way_either() -> None:
    world = World()
    world.store.marks_are_lost = True
    with pytest.raises(PortUnavailable, match="mark_published"):
        await world.report(firing(), resolved(), firing())
    assert (world.row.number, world.row.phase) == (1, 2)


async def test_several_changes_in_one_call_are_one_change_of_the_row() -> None:
    world = World()
    await world.report(firing(NOW_MS), firing(NOW_MS + 1), resolved(NOW_MS - 1))
    assert world.row.version == 1
    world.clock.advance(MINUTE_MS)
    await world.report(firing(NOW_MS), firing(NOW_MS + 1), resolved())
    assert world.row == replace(world.row, version=2, phase=2)
