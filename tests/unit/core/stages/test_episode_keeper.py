"""The keeper ends what nobody reports any more, and publishes what was left behind."""

from collections.abc import Sequence

import pytest

from alerting_core import limits
from alerting_core.codec.records import decode_alert
from alerting_core.domain.alert import Alert, AlertStatus
from alerting_core.domain.episode import Episode, EpisodeStatus
from alerting_core.domain.episode_report import apply
from alerting_core.errors import PortUnavailable
from alerting_core.memory.database import MemoryClock, MemoryDatabase
from alerting_core.memory.episodes import MemoryEpisodeStore
from alerting_core.memory.log import MemoryLog
from alerting_core.memory.stream import MemorySink
from alerting_core.ports.episodes import PutResult
from alerting_core.ports.history import AlertAccess
from alerting_core.ports.stream import ALERTS_NEW, Outgoing
from alerting_core.stages.batch import Count, StageName
from alerting_core.stages.episodes import EpisodeKeeper
from tests.support.episodes import LIFE_MS, firing, make_episode

from .platform import NOW_MS, Platform


class World:
    """A keeper, its store and its log.

    Attributes:
        log_is_away: Whether publishing fails.
    """

    def __init__(self, *, batch_max: int = limits.EPISODE_BATCH_MAX) -> None:
        self.clock = MemoryClock(NOW_MS)
        self.store = MemoryEpisodeStore(MemoryDatabase())
        self.log = MemoryLog(clock=self.clock, partitions=1)
        self.log_is_away = False
        self.keeper = EpisodeKeeper(self.store, self, self.clock, batch_max=batch_max)

    async def publish(self, outputs: Sequence[Outgoing]) -> None:
        if self.log_is_away:
            raise PortUnavailable("kafka", operation="publish")
        await MemorySink(self.log).publish(outputs)

    async def add(self, fingerprint: str = "f", *, is_published: bool = True) -> Episode:
        """Store an open episode, which was published or not."""
        episode = make_episode(fingerprint, now_ms=self.clock.now_ms())
        assert list(await self.store.put([episode])) == [PutResult.STORED]
        if is_published:
            await self.store.mark_published([episode])
        return episode

    async def row(self, episode: Episode) -> Episode:
        return (await self.store.load([episode.key]))[episode.key]

    def told(self) -> list[tuple[str, int, AlertStatus]]:
        """Return (alert_id, phase, status) of each record."""
        alerts = [decode_alert(one.value) for one in self.log.read(ALERTS_NEW, 0, offset=0, records_max=99)]
        return [(one.alert_id, one.phase, one.status) for one in alerts if isinstance(one, Alert)]


async def test_with_nothing_to_do_a_step_is_idle() -> None:
    world = World()
    await world.add()
    assert (await world.keeper.step()).is_idle
    assert world.told() == []


async def test_an_episode_whose_end_has_passed_is_closed_and_told() -> None:
    world = World()
    episode, other = await world.add(), await world.add("g")
    world.clock.advance(LIFE_MS - 1)
    extended = apply(await world.row(other), firing(fingerprint="g"), now_ms=world.clock.now_ms()).episode
    assert extended is not None
    await world.store.put([extended])
    assert (await world.keeper.step()).is_idle
    world.clock.advance(1)
    report = await world.keeper.step()
    assert (report.stage, report.received, report.published) == (StageName.EPISODE_KEEPER, 1, 1)
    assert +report.counts == {Count.EPISODES_EXPIRED: 1}  # type: ignore[operator]
    row = await world.row(episode)
    assert (row.status, row.phase, row.published_phase) == (EpisodeStatus.TIMED_OUT, 2, 2)
    assert world.told() == [(episode.episode_id, 2, AlertStatus.RESOLVED)]
    assert (await world.keeper.step()).is_idle


async def test_what_was_left_unpublished_is_published_after_a_while_in_the_order_of_its_phases() -> None:
    world = World()
    episode = await world.add(is_published=False)
    world.clock.advance(limits.EPISODE_UNPUBLISHED_MS)
    assert (await world.keeper.step()).is_idle
    world.clock.advance(1)
    report = await world.keeper.step()
    assert report.counts[Count.EPISODES_PUBLISHED_LATE] == 1
    assert world.told() == [(episode.episode_id, 1, AlertStatus.FIRING)]
    assert (await world.row(episode)).is_published
    assert (await world.keeper.step()).is_idle


async def test_the_end_of_what_was_never_told_is_told_after_its_firing() -> None:
    world = World()
    world.clock.set(NOW_MS)
    episode = await world.add(is_published=False)
    world.clock.advance(LIFE_MS)
    await world.keeper.step()
    assert [(phase, status) for _, phase, status in world.told()] == [
        (1, AlertStatus.FIRING),
        (2, AlertStatus.RESOLVED),
    ]
    assert (await world.row(episode)).published_phase == 2


async def test_what_could_not_be_published_is_published_later() -> None:
    world = World()
    episode = await world.add()
    world.clock.advance(LIFE_MS)
    world.log_is_away = True
    with pytest.raises(PortUnavailable):
        await world.keeper.step()
    assert (await world.row(episode)).phase == 2
    world.log_is_away = False
    assert (await world.keeper.step()).is_idle
    world.clock.advance(limits.EPISODE_UNPUBLISHED_MS + 1)
    assert (await world.keeper.step()).counts[Count.EPISODES_PUBLISHED_LATE] == 1
    assert world.told() == [(episode.episode_id, 2, AlertStatus.RESOLVED)]


async def test_an_episode_that_is_reported_while_it_is_closed_stays_open() -> None:
    world = World()
    episode = await world.add()
    world.clock.advance(LIFE_MS)
    put, now_ms = world.store.put, world.clock.now_ms()

    async def after_a_report(episodes: Sequence[Episode]) -> Sequence[PutResult]:
        extended = apply(await world.row(episode), firing(fingerprint="f"), now_ms=now_ms).episode
        assert extended is not None
        assert list(await put([extended])) == [PutResult.STORED]
        return await put(episodes)

    world.store.put = after_a_report  # type: ignore[method-assign]
    assert (await world.keeper.step()).is_idle
    assert (await world.row(episode)).is_open
    assert world.told() == []


async def test_a_step_is_of_bounded_size_and_begins_with_the_longest_overdue() -> None:
    world = World(batch_max=2)
    episodes = []
    for fingerprint in "abc":
        episodes.append(await world.add(fingerprint))
        world.clock.advance(1)
    world.clock.advance(LIFE_MS)
    assert (await world.keeper.step()).counts[Count.EPISODES_EXPIRED] == 2
    assert (await world.row(episodes[2])).is_open
    assert (await world.keeper.step()).counts[Count.EPISODES_EXPIRED] == 1


async def test_the_pipeline_shows_and_tells_the_end_of_an_alert_that_is_not_reported_any_more() -> None:
    platform = Platform()
    await platform.add_rule("acme")
    episode = make_episode(now_ms=NOW_MS)
    await platform.episodes.put([episode])
    platform.clock.advance(limits.EPISODE_UNPUBLISHED_MS + 1)
    await platform.run_all()
    assert len(platform.transport.arrivals) == 1
    platform.clock.advance(LIFE_MS)
    await platform.run_all()
    stored = await platform.alert_log.get(AlertAccess(None), episode.episode_id)
    assert stored is not None
    assert (stored.alert.status, stored.alert.ends_at) == (AlertStatus.RESOLVED, (NOW_MS + LIFE_MS) // 1_000)
    assert len(platform.transport.arrivals) == 2
