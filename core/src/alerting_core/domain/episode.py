"""An episode: an alert with a life from its firing to its end. Its identity, its ids, and the records made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from typing import Final, TypeAlias

from alerting_core.domain.alert import Alert, AlertLife, AlertStatus, Severity
from alerting_core.domain.text import derive_uuid

EpisodeKey: TypeAlias = tuple[str, str]
"""(owner, fingerprint): the identity of an alert with a life; the owner of a shared one is empty."""


def fingerprint_of_labels(labels: Mapping[str, str]) -> str:
    """Return the fingerprint of a set of labels, whatever their order; one with an empty value is as if absent."""
    parts = [part for label in sorted(labels) if labels[label] for part in (label, labels[label])]
    return _fingerprint(b"labels", parts)


def fingerprint_of_key(dedup_key: str) -> str:
    """Return the fingerprint that stands for a sender's own key; no set of labels has the same."""
    return _fingerprint(b"dedup key", [dedup_key])


def _fingerprint(space: bytes, parts: Sequence[str]) -> str:
    digest = blake2b(digest_size=16, person=space)
    for part in parts:
        raw = part.encode(errors="surrogatepass")
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.hexdigest()


def derive_episode_id(owner: str, fingerprint: str, opened_at_ms: int, number: int) -> str:
    """Return the id of episode *number* of an identity, which the platform opened at *opened_at_ms*.

    The platform's time is in it, not the sender's, which may name the same start for ever: an identity that was
    forgotten, and counts from 1 again, gets ids that it has not had.
    """
    return derive_uuid("episode", owner, fingerprint, str(opened_at_ms), str(number))


class EpisodeStatus(StrEnum):
    """Where an episode is."""

    OPEN = "OPEN"
    """The alert fires."""
    ENDED = "ENDED"
    """A sender said when it ended."""
    TIMED_OUT = "TIMED_OUT"
    """It was not reported any more; a sender may still say when it ended."""


class EndedBy(StrEnum):
    """What ended an episode."""

    REPORT = "report"
    """A sender said when."""
    SILENCE = "silence"
    """It was not reported any more."""


_ENDED_BY: Final = {
    EpisodeStatus.OPEN: None,
    EpisodeStatus.ENDED: EndedBy.REPORT,
    EpisodeStatus.TIMED_OUT: EndedBy.SILENCE,
}


@dataclass(frozen=True, slots=True)
class Reporter:
    """Those who say that the alert fires since *starts_at_ms* (None: they do not say), and until when they say so."""

    starts_at_ms: int | None
    until_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One episode of an alert with a life, the latest of its identity. Times are in unix milliseconds.

    Attributes:
        number: Counts the episodes of this identity from 1.
        starts_at_ms: As first reported, never later than when it was opened.
        ends_at_ms: Of an open one: when it ends unless it is reported again. Of another: when it ended.
        reporters: Who says that it fires. Of one that timed out: who said so last.
        reported_end_ms: The latest end that a sender gave; None when none did.
        phase: Of its latest record: 1 as it opens, 2 as it ends, more as its end is corrected.
        published_phase: The phase up to which its records are in the log; 0 when none is.
        version: Of the row, from 1; one more with each change but that of `published_phase`.
        changed_at_ms: When `phase` became what it is.
        context: With severity, source, name and annotations what its records say, as the report that opened it did.
    """

    owner: str
    fingerprint: str
    episode_id: str
    number: int
    status: EpisodeStatus
    starts_at_ms: int
    ends_at_ms: int
    reporters: tuple[Reporter, ...]
    reported_end_ms: int | None = None
    phase: int
    published_phase: int = 0
    version: int
    changed_at_ms: int
    severity: Severity
    source: str
    name: str
    context: Mapping[str, str] = field(default_factory=dict[str, str])
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def key(self) -> EpisodeKey:
        """The identity of its alert."""
        return (self.owner, self.fingerprint)

    @property
    def is_open(self) -> bool:
        """Whether the alert fires."""
        return self.status is EpisodeStatus.OPEN

    @property
    def is_published(self) -> bool:
        """Whether all its records are in the log."""
        return self.published_phase >= self.phase


def firing_record(episode: Episode) -> Alert:
    """Return the record of phase 1: the alert fires."""
    return _record(episode, AlertLife(episode.fingerprint, phase=1))


def record_of(episode: Episode) -> Alert:
    """Return the record of the present phase. The same episode_id and phase always give the same record."""
    if episode.is_open:
        return firing_record(episode)
    # On the wire 0 stands for no end, and an end is not before its start.
    ends_at = max(1, episode.ends_at_ms // 1_000)
    return _record(episode, AlertLife(episode.fingerprint, episode.phase, AlertStatus.RESOLVED, ends_at))


def unpublished_records(episode: Episode) -> Sequence[Alert]:
    """Return the records that the log still lacks, in the order in which they have to be published.

    That an alert fires always comes before its end. An end that was corrected before it was published is passed over.
    """
    if episode.is_published:
        return ()
    if episode.published_phase == 0 and not episode.is_open:
        return (firing_record(episode), record_of(episode))
    return (record_of(episode),)


def end_of(alert: Alert, latest: Episode | None, *, now_ms: int) -> int | None:
    """Return when the episode of *alert* ended, unix seconds; None while it is open.

    Args:
        alert: A record of the episode.
        latest: The latest episode of its identity as stored, where an episode is before any record of it is published.
            Once there is a later one, or it is not kept any more, the end itself is not known: it was over when that
            one began, and is over now.
        now_ms: Unix milliseconds.
    """
    if latest is None:
        ends_at_ms = now_ms
    elif latest.episode_id != alert.alert_id:
        ends_at_ms = latest.starts_at_ms
    elif latest.is_open:
        return None
    else:
        ends_at_ms = latest.ends_at_ms
    return max(1, alert.event_ts, ends_at_ms // 1_000)


def ended_by(alert: Alert, latest: Episode | None) -> EndedBy | None:
    """Say what ended the episode of *alert*, as far as is known now; None while it is open.

    Args:
        alert: A record of the episode.
        latest: The latest episode of its identity as stored. When it is another one, what ended this one is not known.
    """
    return _ENDED_BY[latest.status] if latest is not None and latest.episode_id == alert.alert_id else None


def _record(episode: Episode, life: AlertLife) -> Alert:
    return Alert(
        alert_id=episode.episode_id,
        severity=episode.severity,
        source=episode.source,
        name=episode.name,
        event_ts=episode.starts_at_ms // 1_000,
        context=episode.context,
        owner=episode.owner,
        life=life,
        annotations=episode.annotations,
    )
