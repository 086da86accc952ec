"""The way in for reports of alerts with a life: what each makes of its episode is stored, then published.

The stored episode is the outbox of its records. Once it is stored a report is taken in, whether or not the log can be
reached; what could not be published, the stage that keeps episodes publishes later. An episode gives way to the next
one of its identity only when all its records are in the log, since its row is then theirs no more.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from alerting_core import limits
from alerting_core.codec.records import MESSAGE_HEADERS
from alerting_core.domain.episode import Episode, EpisodeKey
from alerting_core.domain.episode_report import Report, ReportOutcome, apply
from alerting_core.errors import PortUnavailable
from alerting_core.ports.clock import Clock
from alerting_core.ports.episodes import EpisodeStore, PutResult, publish_records
from alerting_core.ports.stream import Headers, Sink

TRIES_MAX: Final = 10
"""Tries of an identity in a row of which nothing came, since others changed its episode each time: the servers of a
pair meet once or twice, and whoever loses ten times is one of very many."""


@dataclass(frozen=True, slots=True)
class ReportResult:
    """What became of one report.

    Attributes:
        episode_id: Of the episode that it belongs to, or of the latest one; None when there has been none.
        is_published: Whether the log has all that follows from it; if not, it will have it later.
    """

    outcome: ReportOutcome
    episode_id: str | None
    is_published: bool = True


@dataclass(slots=True)
class _Queue:
    """The reports of one identity that are still to be applied, in their order, each with its place in the call."""

    waiting: deque[tuple[int, Report]] = field(default_factory=deque[tuple[int, Report]])
    tries: int = 0


@dataclass(frozen=True, slots=True)
class _Turn:
    """What the first reports of a queue make of the stored episode.

    Attributes:
        after: The episode as it is after them.
        outcomes: One for each of these reports, with the id of the episode then.
        is_written: Whether `after` differs from what is stored.
        is_blocked: Whether the next report opens another episode, which has to wait until `after` is published.
    """

    queue: _Queue
    after: Episode | None
    outcomes: Sequence[tuple[ReportOutcome, str | None]]
    is_written: bool
    is_blocked: bool


@dataclass(frozen=True, slots=True)
class EpisodeIntake:
    """Takes reports in.

    Attributes:
        life_ms: How long an alert fires of which a sender does not say until when.
    """

    store: EpisodeStore
    sink: Sink
    clock: Clock
    life_ms: int = limits.EPISODE_LIFE_MS

    async def report(self, reports: Sequence[Report], headers: Headers = MESSAGE_HEADERS) -> Sequence[ReportResult]:
        """Apply *reports*, those of one identity in their order; results align with them, and are durable on return.

        Args:
            reports: Of any identities; what they say is sound (`check_alert`).
            headers: Of the records that follow from them.

        Raises:
            PortUnavailable: The store is away; or the log is, and an episode has to be published before the next one
                can begin; or others change an episode without end. Any part may have been taken in. To report the same
                again is safe.
        """
        results: dict[int, ReportResult] = {}
        queues: dict[EpisodeKey, _Queue] = {}
        for place, report in enumerate(reports):
            queues.setdefault(report.key, _Queue()).waiting.append((place, report))
        while queues:
            results |= await self._round(queues, headers)
            queues = {key: queue for key, queue in queues.items() if queue.waiting}
        return [results[place] for place in range(len(reports))]

    async def _round(self, queues: Mapping[EpisodeKey, _Queue], headers: Headers) -> Mapping[int, ReportResult]:
        """Apply what can be applied of each queue; what another has changed meanwhile stays there."""
        loaded = await self.store.load(list(queues))
        now_ms = self.clock.now_ms()
        turns = [_turn(queue, loaded.get(key), now_ms=now_ms, life_ms=self.life_ms) for key, queue in queues.items()]
        written = [turn.after for turn in turns if turn.is_written and turn.after is not None]
        put = dict(zip((one.key for one in written), await self.store.put(written), strict=True)) if written else {}
        results: dict[int, ReportResult] = {}
        to_publish: list[Episode] = []
        done: list[_Turn] = []
        for key, turn in zip(queues, turns, strict=True):
            match put.get(key, PutResult.STORED):
                case PutResult.CONFLICT:
                    _count_try(turn.queue)
                case PutResult.OWNER_GONE:
                    results |= {place: ReportResult(ReportOutcome.OWNER_GONE, None) for place, _ in turn.queue.waiting}
                    turn.queue.waiting.clear()
                case PutResult.STORED:
                    done.append(turn)
                    if turn.after is not None and (turn.is_written or turn.is_blocked) and not turn.after.is_published:
                        to_publish.append(turn.after)
        is_published = await self._publish(to_publish, headers, must=any(turn.is_blocked for turn in done))
        late = frozenset(one.key for one in to_publish if not is_published)
        for turn in done:
            results |= _taken(turn, is_published=turn.after is None or turn.after.key not in late)
        return results

    async def _publish(self, episodes: Sequence[Episode], headers: Headers, *, must: bool) -> bool:
        """Publish what the log lacks of *episodes* and mark it; return whether that was done. Raise if it *must* be."""
        if not episodes:
            return True
        try:
            await publish_records(episodes, self.store, self.sink, headers)
        except PortUnavailable:
            if must:
                raise
            return False
        return True


def _turn(queue: _Queue, stored: Episode | None, *, now_ms: int, life_ms: int) -> _Turn:
    episode, is_written, is_blocked = stored, False, False
    outcomes: list[tuple[ReportOutcome, str | None]] = []
    for _, report in queue.waiting:
        change = apply(episode, report, now_ms=now_ms, life_ms=life_ms)
        is_blocked = change.outcome is ReportOutcome.OPENED and episode is not None and not episode.is_published
        if is_blocked:
            break
        episode, is_written = change.episode, is_written or change.is_written
        outcomes.append((change.outcome, None if episode is None else episode.episode_id))
    if is_written and episode is not None:
        # Several changes are stored as one.
        episode = replace(episode, version=1 if stored is None else stored.version + 1)
    return _Turn(queue, episode, outcomes, is_written, is_blocked)


def _taken(turn: _Turn, *, is_published: bool) -> Mapping[int, ReportResult]:
    """Take the reports of a turn that is done out of its queue; return what became of each."""
    if not turn.outcomes:
        _count_try(turn.queue)
    else:
        turn.queue.tries = 0
    return {
        turn.queue.waiting.popleft()[0]: ReportResult(outcome, episode_id, is_published)
        for outcome, episode_id in turn.outcomes
    }


def _count_try(queue: _Queue) -> None:
    queue.tries += 1
    if queue.tries >= TRIES_MAX:
        raise PortUnavailable("episodes", operation="put", detail="others change this episode without end")
