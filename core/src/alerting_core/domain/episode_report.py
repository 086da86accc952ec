"""What the reports of senders make of an episode, and what silence does: a table of moves, pure.

Whatever is reported of an alert while an episode of it is open belongs to that episode. Senders that repeat themselves
differ in when they say that it began, as the two servers of a pair do: each start is a reporter of its own, and the
episode ends when none of them says any more that the alert fires. The reasons are in README.md, under *The life of an
alert*.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from alerting_core import limits
from alerting_core.domain.alert import Severity
from alerting_core.domain.episode import Episode, EpisodeKey, EpisodeStatus, Reporter, derive_episode_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a sender says of an alert with a life. Times are in unix milliseconds, None where it does not say.

    Attributes:
        is_resolved: Whether it says that the alert is over. An end that has passed says the same: `is_over`.
        ends_at_ms: Of one that fires: when it will be over if nobody says that it still fires.
    """

    owner: str
    fingerprint: str
    is_resolved: bool = False
    starts_at_ms: int | None = None
    ends_at_ms: int | None = None
    severity: Severity
    source: str
    name: str
    context: Mapping[str, str] = field(default_factory=dict[str, str])
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def key(self) -> EpisodeKey:
        """The identity of its alert."""
        return (self.owner, self.fingerprint)


def is_over(*, is_resolved: bool, ends_at_ms: int | None, now_ms: int) -> bool:
    """Whether a sender says that its alert has ended: it is resolved, or the end that it gives has passed."""
    return is_resolved or (ends_at_ms is not None and ends_at_ms <= now_ms)


class ReportOutcome(StrEnum):
    """What became of a report."""

    OPENED = "opened"
    """It fires, and did not before: a new episode."""
    EXTENDED = "extended"
    """It still fires, and the episode is kept open for longer. Nothing is told."""
    UNCHANGED = "unchanged"
    """It still fires, as it was to be expected. Nothing is told or written."""
    CLOSED = "closed"
    """It is resolved: the episode has ended."""
    STILL_FIRING = "still-firing"
    """It is resolved for this sender, while another one says that it fires. Nothing is told."""
    CORRECTED = "corrected"
    """The episode had ended by timeout, and now it is known when: the end that is shown is another one."""
    NOT_OPEN = "not-open"
    """It is resolved, and did not fire. Nothing is told or written."""
    OWNER_GONE = "owner-gone"
    """The client that it was private to does not exist any more. Nothing is told or written."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a report makes of an episode.

    Attributes:
        episode: As it is now; None when there is none.
        is_written: Whether it differs from what was stored.
    """

    outcome: ReportOutcome
    episode: Episode | None
    is_written: bool = True


class _Event(StrEnum):
    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class _Said:
    """A report as it is understood.

    Attributes:
        ends_at_ms: Of a firing one, in the future; of a resolved one, not.
    """

    event: _Event
    report: Report
    starts_at_ms: int | None
    ends_at_ms: int
    now_ms: int


def apply(current: Episode | None, report: Report, *, now_ms: int, life_ms: int = limits.EPISODE_LIFE_MS) -> Change:
    """Return what *report* makes of the latest episode of its identity, None when there has been none.

    Args:
        current: As stored.
        report: Of the same identity.
        now_ms: Unix milliseconds.
        life_ms: How long an alert fires of which a sender does not say until when.
    """
    assert current is None or current.key == report.key, "a report is of one identity"
    said = _understood(report, now_ms=now_ms, life_ms=life_ms)
    return _MOVES[None if current is None else current.status, said.event](current, said)


def expire(episode: Episode, *, now_ms: int) -> Episode | None:
    """Return the episode closed, when it is open and nobody says any more that it fires; else None."""
    if not episode.is_open or episode.ends_at_ms > now_ms:
        return None
    return _closed(episode, *_latest_end(episode.reporters, episode.reported_end_ms), now_ms)


def _understood(report: Report, *, now_ms: int, life_ms: int) -> _Said:
    starts_at_ms, ends_at_ms = _in_range(report.starts_at_ms), _in_range(report.ends_at_ms)
    if not is_over(is_resolved=report.is_resolved, ends_at_ms=ends_at_ms, now_ms=now_ms):
        until_ms = min(now_ms + life_ms if ends_at_ms is None else ends_at_ms, now_ms + limits.EPISODE_LIFE_MS_MAX)
        return _Said(_Event.FIRING, report, starts_at_ms, until_ms, now_ms)
    ended_at_ms = now_ms if ends_at_ms is None else min(ends_at_ms, now_ms)
    # Who gives a start that is not before the end has put in the time at which it wrote, and knows of no start.
    if starts_at_ms is not None and starts_at_ms >= ended_at_ms:
        starts_at_ms = None
    return _Said(_Event.RESOLVED, report, starts_at_ms, ended_at_ms, now_ms)


def _in_range(at_ms: int | None) -> int | None:
    return None if at_ms is None else min(max(at_ms, 0), limits.TIME_MS_MAX)


def _open(previous: Episode | None, said: _Said) -> Change:
    report, now_ms = said.report, said.now_ms
    number = 1 if previous is None else previous.number + 1
    episode = Episode(
        owner=report.owner,
        fingerprint=report.fingerprint,
        episode_id=derive_episode_id(report.owner, report.fingerprint, now_ms, number),
        number=number,
        status=EpisodeStatus.OPEN,
        starts_at_ms=now_ms if said.starts_at_ms is None else min(said.starts_at_ms, now_ms),
        ends_at_ms=said.ends_at_ms,
        reporters=(Reporter(said.starts_at_ms, said.ends_at_ms),),
        phase=1,
        version=1 if previous is None else previous.version + 1,
        changed_at_ms=now_ms,
        severity=report.severity,
        source=report.source,
        name=report.name,
        context=report.context,
        annotations=report.annotations,
    )
    return Change(ReportOutcome.OPENED, episode)


def _extend(episode: Episode, said: _Said) -> Change:
    known = next((one for one in episode.reporters if one.starts_at_ms == said.starts_at_ms), None)
    until_ms = said.ends_at_ms
    if known is not None and known.until_ms >= until_ms:
        return Change(ReportOutcome.UNCHANGED, episode, is_written=False)
    if known is not None:
        # It repeats itself, and will again: half a life more is stored, so that what it says until then need not be.
        # What is stored is never less than what was said: nothing times out while its sender is heard in time.
        until_ms += min((until_ms - said.now_ms) // 2, limits.EPISODE_SLACK_MS_MAX)
    others = [one for one in episode.reporters if one is not known]
    reporters = _bounded([*others, Reporter(said.starts_at_ms, until_ms)])
    return Change(ReportOutcome.EXTENDED, _reported_by(episode, reporters, episode.reported_end_ms))


def _bounded(reporters: Sequence[Reporter]) -> tuple[Reporter, ...]:
    """Return *reporters* in their order; of too many starts, the one that is over first loses its name."""
    named = sorted((one for one in reporters if one.starts_at_ms is not None), key=lambda one: one.until_ms)
    nameless = [one for one in reporters if one.starts_at_ms is None]
    if len(named) > limits.EPISODE_REPORTERS_MAX:
        nameless.append(Reporter(None, named.pop(0).until_ms))
    nameless.sort(key=lambda one: one.until_ms)
    named.sort(key=lambda one: one.starts_at_ms or 0)
    return (*nameless[-1:], *named)


def _resolve(episode: Episode, said: _Said) -> Change:
    left = _left_by(episode.reporters, said.starts_at_ms)
    is_stranger = said.starts_at_ms is not None and all(
        one.starts_at_ms != said.starts_at_ms for one in episode.reporters
    )
    # An old end that is repeated, of an episode before this one.
    if is_stranger and said.ends_at_ms < episode.starts_at_ms:
        return Change(ReportOutcome.STILL_FIRING, episode, is_written=False)
    reported_end_ms = max(said.ends_at_ms, episode.reported_end_ms or 0)
    if not any(one.until_ms > said.now_ms for one in left):
        return Change(ReportOutcome.CLOSED, _closed(episode, reported_end_ms, EpisodeStatus.ENDED, said.now_ms))
    if left == episode.reporters and reported_end_ms == episode.reported_end_ms:
        return Change(ReportOutcome.STILL_FIRING, episode, is_written=False)
    return Change(ReportOutcome.STILL_FIRING, _reported_by(episode, left, reported_end_ms))


def _left_by(reporters: tuple[Reporter, ...], starts_at_ms: int | None) -> tuple[Reporter, ...]:
    """Return who is left when the alert is over for those who say that it began at *starts_at_ms*; None is everybody.

    Who gave no start may be anybody: to them belongs an end of which the start is not known.
    """
    if starts_at_ms is None:
        return ()
    known = {one.starts_at_ms for one in reporters}
    gone = starts_at_ms if starts_at_ms in known else None
    return tuple(one for one in reporters if one.starts_at_ms != gone)


def _correct(episode: Episode, said: _Said) -> Change:
    left = _left_by(episode.reporters, said.starts_at_ms)
    reported_end_ms = max(said.ends_at_ms, episode.reported_end_ms or 0)
    ends_at_ms, status = _latest_end(left, reported_end_ms)
    if left == episode.reporters or said.ends_at_ms < episode.starts_at_ms or ends_at_ms >= episode.ends_at_ms:
        return _not_open(episode, said)
    said_so = replace(episode, reporters=left, reported_end_ms=reported_end_ms)
    corrected = _closed(said_so, ends_at_ms, status, said.now_ms)
    return Change(ReportOutcome.CORRECTED, corrected)


def _not_open(episode: Episode | None, _: _Said) -> Change:
    return Change(ReportOutcome.NOT_OPEN, episode, is_written=False)


def _latest_end(reporters: Sequence[Reporter], reported_end_ms: int | None) -> tuple[int, EpisodeStatus]:
    """Return the latest of all ends, and whether a sender gave it or it is that of somebody who fell silent."""
    until_ms = max((one.until_ms for one in reporters), default=-1)
    if reported_end_ms is not None and reported_end_ms >= until_ms:
        return reported_end_ms, EpisodeStatus.ENDED
    return until_ms, EpisodeStatus.TIMED_OUT


def _closed(episode: Episode, ends_at_ms: int, status: EpisodeStatus, now_ms: int) -> Episode:
    return replace(
        episode,
        status=status,
        ends_at_ms=max(ends_at_ms, episode.starts_at_ms),
        reporters=episode.reporters if status is EpisodeStatus.TIMED_OUT else (),
        phase=episode.phase + 1,
        version=episode.version + 1,
        changed_at_ms=now_ms,
    )


def _reported_by(episode: Episode, reporters: tuple[Reporter, ...], reported_end_ms: int | None) -> Episode:
    return replace(
        episode,
        reporters=reporters,
        reported_end_ms=reported_end_ms,
        ends_at_ms=max(one.until_ms for one in reporters),
        version=episode.version + 1,
    )


_MOVES: Final[Mapping[tuple[EpisodeStatus | None, _Event], Callable[[Any, _Said], Change]]] = {
    (None, _Event.FIRING): _open,
    (None, _Event.RESOLVED): _not_open,
    (EpisodeStatus.OPEN, _Event.FIRING): _extend,
    (EpisodeStatus.OPEN, _Event.RESOLVED): _resolve,
    (EpisodeStatus.ENDED, _Event.FIRING): _open,
    (EpisodeStatus.ENDED, _Event.RESOLVED): _not_open,
    (EpisodeStatus.TIMED_OUT, _Event.FIRING): _open,
    (EpisodeStatus.TIMED_OUT, _Event.RESOLVED): _correct,
}
"""What a report does in each state; None is that of an identity without an episode."""
