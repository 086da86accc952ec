"""What any sequence of reports makes of an episode, against what the senders have said; and its records on their way.

The oracle knows no rows, slack or versions: it keeps until when each sender said last that the alert fires.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from random import Random
from typing import TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from alerting_core.app.episodes import EpisodeIntake
from alerting_core.codec.records import decode_alert
from alerting_core.domain.alert import Alert, AlertStatus, check_alert
from alerting_core.domain.episode import Episode, EpisodeStatus, record_of
from alerting_core.domain.episode_report import ReportOutcome, apply, expire
from alerting_core.errors import PortUnavailable
from alerting_core.memory.database import MemoryClock, MemoryDatabase
from alerting_core.memory.episodes import MemoryEpisodeStore
from alerting_core.memory.history import MemoryAlertLog
from alerting_core.ports.episodes import PutResult
from alerting_core.ports.stream import Outgoing
from alerting_core.stages.episodes import EpisodeKeeper
from tests.support.catalog import NOW_MS
from tests.support.episodes import LIFE_MS, MINUTE_MS, firing, resolved

SENDERS = 3
STARTS = tuple(NOW_MS - (sender + 1) * 10 * MINUTE_MS for sender in range(SENDERS))
"""Which each sender gives for ever, however often it fires: before any end that it gives."""

Step: TypeAlias = tuple[int, str, int]
"""Milliseconds that pass before it, what happens then, and which sender does it."""

waits = st.sampled_from((0, 1, MINUTE_MS, 2 * MINUTE_MS, LIFE_MS - 1, LIFE_MS, 2 * LIFE_MS)) | st.integers(0, LIFE_MS)
senders = st.integers(0, SENDERS - 1)


def steps(*what: str) -> st.SearchStrategy[list[Step]]:
    return st.lists(st.tuples(waits, st.sampled_from(what), senders), max_size=40)


@dataclass
class Oracle:
    """What the senders have said since the episode was opened; None while none is open.

    Attributes:
        told: (episode_id, phase, status, end in seconds) of every phase that there was.
    """

    promises: dict[int, int] | None = None
    told: list[tuple[str, int, AlertStatus, int | None]] = field(
        default_factory=list[tuple[str, int, AlertStatus, int | None]]
    )

    def firing_but(self, sender: int | None, at_ms: int) -> bool:
        """Whether a sender other than *sender* says that it fires at that time."""
        return any(until > at_ms for one, until in (self.promises or {}).items() if one != sender)

    def note(self, episode: Episode) -> None:
        """Note the record of a new phase, and that it is sound."""
        record = record_of(episode)
        assert check_alert(record) == ()
        self.told.append((record.alert_id, record.phase, record.status, record.ends_at))


@given(steps("fire", "fire", "fire", "resolve", "resolve late", "resolve all", "keep"))
def test_an_episode_is_open_as_long_as_a_sender_says_that_it_fires_and_hardly_longer(happened: list[Step]) -> None:
    oracle, episode, now_ms = Oracle(), None, NOW_MS
    for wait_ms, what, sender in happened:
        now_ms += wait_ms
        before = episode
        if what == "keep":
            episode = _keep(oracle, episode, now_ms) or episode
        elif what == "fire":
            episode = _fire(oracle, episode, sender, now_ms)
        else:
            ends_at_ms = now_ms - (3 * MINUTE_MS if what == "resolve late" else 0)
            episode = _resolve(oracle, episode, None if what == "resolve all" else sender, ends_at_ms, now_ms)
        if episode is not None and episode is not before:
            assert episode.version == (0 if before is None else before.version) + 1
    _check_told(oracle)


def _keep(oracle: Oracle, episode: Episode | None, now_ms: int) -> Episode | None:
    closed = None if episode is None else expire(episode, now_ms=now_ms)
    if closed is not None:
        assert not oracle.firing_but(None, now_ms), "it is over only when all have fallen silent"
        oracle.promises = None
        oracle.note(closed)
    elif oracle.promises is not None:
        assert oracle.firing_but(None, now_ms - LIFE_MS // 2), "it is over half a life after all have fallen silent"
    return closed


def _fire(oracle: Oracle, episode: Episode | None, sender: int, now_ms: int) -> Episode:
    change = apply(episode, firing(STARTS[sender], now_ms + LIFE_MS), now_ms=now_ms)
    assert change.episode is not None
    assert (change.outcome is ReportOutcome.OPENED) == (oracle.promises is None)
    if oracle.promises is None:
        oracle.promises = {}
        oracle.note(change.episode)
    oracle.promises[sender] = now_ms + LIFE_MS
    assert change.episode.is_open
    assert change.episode.ends_at_ms >= now_ms + LIFE_MS
    return change.episode


def _resolve(
    oracle: Oracle, episode: Episode | None, sender: int | None, ends_at_ms: int, now_ms: int
) -> Episode | None:
    report = resolved(None if sender is None else STARTS[sender], ends_at_ms)
    change = apply(episode, report, now_ms=now_ms)
    if oracle.promises is None:
        assert change.outcome in {ReportOutcome.NOT_OPEN, ReportOutcome.CORRECTED}
        if change.outcome is ReportOutcome.CORRECTED:
            assert change.episode is not None
            assert episode is not None
            assert episode.status is EpisodeStatus.TIMED_OUT
            assert change.episode.ends_at_ms < episode.ends_at_ms
            oracle.note(change.episode)
        return change.episode
    if sender is None:
        oracle.promises = {}
    elif sender in oracle.promises:
        del oracle.promises[sender]
    if change.outcome is ReportOutcome.CLOSED:
        assert not oracle.firing_but(None, now_ms), "the end at one sender is not the end at another"
        assert change.episode is not None
        oracle.promises = None
        oracle.note(change.episode)
    else:
        assert change.outcome is ReportOutcome.STILL_FIRING
        assert oracle.firing_but(None, now_ms - LIFE_MS // 2), "the last end closes it, once the rest have been silent"
    return change.episode


def _check_told(oracle: Oracle) -> None:
    """Check that each episode fires once, then ends, then perhaps turns out to have ended earlier."""
    for before, after in pairwise(oracle.told):
        if after[1] == 1:
            assert before[2] is AlertStatus.RESOLVED
            assert after[2] is AlertStatus.FIRING
        else:
            assert (after[0], after[1], after[2]) == (before[0], before[1] + 1, AlertStatus.RESOLVED)
    firsts = [one[0] for one in oracle.told if one[1] == 1]
    assert len(set(firsts)) == len(firsts)


@given(st.lists(st.integers(1, LIFE_MS), min_size=1, max_size=60))
def test_a_sender_that_is_heard_once_in_a_life_is_never_timed_out_and_written_once_in_half_a_life(
    gaps: list[int],
) -> None:
    now_ms = NOW_MS
    episode = apply(None, firing(NOW_MS, now_ms + LIFE_MS), now_ms=now_ms).episode
    assert episode is not None
    written: list[int] = []
    for gap in gaps:
        assert expire(episode, now_ms=now_ms + gap - 1) is None
        now_ms += gap
        change = apply(episode, firing(NOW_MS, now_ms + LIFE_MS), now_ms=now_ms)
        assert (change.outcome is ReportOutcome.EXTENDED) == change.is_written
        assert change.episode is not None
        episode = change.episode
        written += [now_ms] if change.is_written else []
    assert all(later - earlier > LIFE_MS // 2 for earlier, later in pairwise(written))
    assert episode.number == 1


@dataclass
class Log:
    """A log that is away at times, and then may have taken what it was given all the same."""

    outputs: list[Outgoing] = field(default_factory=list[Outgoing])
    is_away: bool = False
    loses_answers: bool = False

    async def publish(self, outputs: Sequence[Outgoing]) -> None:
        if self.loses_answers or not self.is_away:
            self.outputs += outputs
        if self.is_away:
            raise PortUnavailable("kafka", operation="publish")

    def alerts(self) -> list[Alert]:
        return [one for one in map(decode_alert, (output.value for output in self.outputs)) if isinstance(one, Alert)]


class Rows(MemoryEpisodeStore):
    """A store that keeps the record of every row that it ever had.

    Attributes:
        records: (episode_id, phase) → its record.
    """

    def __init__(self, database: MemoryDatabase) -> None:
        super().__init__(database)
        self.records: dict[tuple[str, int], Alert] = {}

    async def put(self, episodes: Sequence[Episode]) -> Sequence[PutResult]:
        results = await super().put(episodes)
        assert set(results) == {PutResult.STORED}
        self.records |= {(one.episode_id, one.phase): record_of(one) for one in episodes}
        return results


@given(
    steps("fire", "fire", "resolve", "resolve all", "all at once", "keep", "log away", "log lossy", "log back"),
    st.randoms(use_true_random=False),
)
def test_whatever_the_log_does_it_has_each_episode_in_order_in_the_end_and_readers_agree(
    happened: list[Step], random: Random
) -> None:
    asyncio.run(_run(happened, random))


async def _run(happened: list[Step], random: Random) -> None:
    clock, database, log = MemoryClock(NOW_MS), MemoryDatabase(), Log()
    store = Rows(database)
    intake, keeper = EpisodeIntake(store, log, clock), EpisodeKeeper(store, log, clock)
    for wait_ms, what, sender in happened:
        clock.advance(wait_ms)
        fires = firing(STARTS[sender], clock.now_ms() + LIFE_MS)
        reports = {
            "fire": [fires],
            "resolve": [resolved(STARTS[sender])],
            "resolve all": [resolved()],
            "all at once": [resolved(), fires, resolved(), fires],
        }
        try:
            if what in reports:
                await intake.report(reports[what])
            elif what == "keep":
                await keeper.step()
            else:
                log.is_away, log.loses_answers = what != "log back", what == "log lossy"
        except PortUnavailable:
            assert log.is_away
    log.is_away = False
    clock.advance(10 * LIFE_MS)
    for _ in range(2):
        await keeper.step()
        clock.advance(keeper.unpublished_ms + 1)
    for row in database.episodes.values():
        assert row.is_published
        assert not row.is_open
    alerts = log.alerts()
    _check_order(alerts)
    assert {one.alert_id for one in alerts} == {alert_id for alert_id, _ in store.records}
    for one in alerts:
        assert store.records.get((one.alert_id, one.phase), one) == one
    await _check_readers(alerts, random)


def _check_order(alerts: list[Alert]) -> None:
    """Check that no phase is first seen after a higher one of its episode, and that each episode fires and ends."""
    seen: dict[str, dict[int, Alert]] = {}
    for one in alerts:
        phases = seen.setdefault(one.alert_id, {})
        if one.phase not in phases:
            assert one.phase > max(phases, default=0)
            phases[one.phase] = one
        assert phases[one.phase] == one, "the same phase is the same record"
    for phases in seen.values():
        statuses = [one.status for _, one in sorted(phases.items())]
        assert statuses[:2] == [AlertStatus.FIRING, AlertStatus.RESOLVED]
        assert set(statuses[1:]) == {AlertStatus.RESOLVED}


async def _check_readers(alerts: list[Alert], random: Random) -> None:
    """Check that a reader that meets the records again, and in another order, knows the same in the end."""
    shown = []
    for order in (alerts, random.sample(alerts * 2, k=2 * len(alerts))):
        database = MemoryDatabase()
        for one in order:
            await MemoryAlertLog(database).record([one], now_ms=0)
        shown.append({key: replace(one.alert) for key, one in database.alerts.items()})
    assert shown[0] == shown[1]
