"""Holds what the platform told against what was said to it, and against what an Alertmanager made of the same.

**Counted at the receiver**: of each episode each endpoint hears that it fires, once, and then that it is over, once; or
once both in one message, where the firing was told so late that it was over.

**Against the posts** (`said`): the episodes are the stretches of time in which somebody says that the alert fires, no
more and no fewer, each with the start and the end that was given.

**Against the oracle**: what it told and what the platform told is the same where a single firing of the one meets a
single firing of the other. It may differ in three ways, and in no other, since all that the platform told has been held
against the posts before:

* *The oracle told an end that was none* and a firing anew, within one episode. It takes the younger report, so that
  the end at one server ends the alert for it until the other repeats itself; and it does not wait for who falls silent.
* *The oracle told one firing of two*, when the platform's episodes are no further apart than its group interval: it
  does not see what happens between two of its looks. An end that it cannot deliver before the alert fires again it
  never tells; where that was so, by its own count of failures, episodes may be further apart.
* *The oracle told nothing* of what was over within its group interval.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final

from tests.support.prometheus.oracle import GROUP_INTERVAL_SECONDS, Told
from tests.support.prometheus.said import Stretch, must_differ

ORACLE_BLIND_SECONDS: Final = GROUP_INTERVAL_SECONDS + 2.0
"""What is shorter may pass the oracle by: it looks each second, then sends, and either may wait for a processor."""

TIME_APART_SECONDS_MAX: Final = 1.0
"""Both tell the times that they were given; ours in whole seconds."""


@dataclass
class Episode:
    """What one endpoint was told of one episode. Times are unix seconds.

    Attributes:
        statuses: Of the messages, each once, in the order in which they came.
        told_at: When the first came.
        end_told_at: When its end came; None before.
    """

    name: str
    alert_id: str
    starts_at: int
    told_at: float
    statuses: list[str] = field(default_factory=list[str])
    ends_at: int | None = None
    end_told_at: float | None = None


def read_episodes(messages: Sequence[tuple[float, Mapping[str, Any]]]) -> Sequence[Episode]:
    """Return what messages of one endpoint tell, as (when it came, body) in their order."""
    found: dict[str, Episode] = {}
    for at, body in messages:
        assert "starts_at" in body, f"an event was told: {body}"
        starts_at = int(datetime.fromisoformat(body["starts_at"]).timestamp())
        episode = found.setdefault(body["alert_id"], Episode(body["name"], body["alert_id"], starts_at, at))
        episode.statuses.append(
            body["status"] if "firing_notification_id" in body or body["ends_at"] is None else "both"
        )
        if body["ends_at"] is not None:
            episode.ends_at, episode.end_told_at = int(datetime.fromisoformat(body["ends_at"]).timestamp()), at
    return list(found.values())


def wrongly_told(episodes: Sequence[Episode]) -> Iterator[str]:
    """Yield the episodes that were told otherwise than once, with their end once and after it."""
    for one in episodes:
        if one.statuses not in (["firing", "resolved"], ["both"]):
            yield f"{one.name} of {one.starts_at}: {one.statuses}"


def difference_to_posts(said: Sequence[Stretch], episodes: Sequence[Episode]) -> Iterator[str]:
    """Yield a description when *episodes*, in their order, are not the stretches of one alert."""

    @cache
    def fit(stretch: int, episode: int) -> bool:
        if stretch == len(said):
            return episode == len(episodes)
        if said[stretch].may_be_none and fit(stretch + 1, episode):
            return True
        if episode == len(episodes):
            return False
        if not _begins(episodes[episode], said[stretch]):
            return False
        for last in range(stretch, len(said)):
            if last > stretch and must_differ(said[last - 1], said[last]):
                return False
            if _ends(episodes[episode], said[last]) and fit(last + 1, episode + 1):
                return True
        return False

    if not fit(0, 0):
        shown = "\n  ".join(map(str, [*said, "was told as", *episodes]))
        yield f"{len(said)} stretches were told as {len(episodes)} episodes:\n  {shown}"


def _begins(episode: Episode, stretch: Stretch) -> bool:
    earliest, latest = stretch.starts_at
    return int(earliest) <= episode.starts_at <= latest


def _ends(episode: Episode, stretch: Stretch) -> bool:
    return episode.ends_at is not None and stretch.may_end_at(episode.ends_at)


@dataclass
class Agreement:
    """How what the platform told compares with what the oracle told.

    Attributes:
        oracle_failures: Messages of the oracle that did not arrive at once.
        same: Episodes that both told as one.
        ends_that_were_none: Episodes of the platform that the oracle told as several.
        told_as_one: Episodes that the oracle did not tell apart from the one before or after.
        unseen: Episodes that were over before the oracle looked.
        wrong: Everything else, in words.
    """

    life_seconds: float
    oracle_failures: int = 0
    same: int = 0
    ends_that_were_none: int = 0
    told_as_one: int = 0
    unseen: int = 0
    wrong: list[str] = field(default_factory=list[str])

    def add(self, episodes: Sequence[Episode], oracles: Sequence[Told], starts: Collection[float]) -> None:
        """Compare what was told of one alert, for which senders gave *starts*."""
        met: dict[str, list[Told]] = {one.alert_id: [] for one in episodes}
        for told in oracles:
            meets = max(episodes, key=lambda one: _shared_seconds(one, told), default=None)
            if meets is None or _shared_seconds(meets, told) <= 0:
                self.wrong.append(f"the oracle alone told {told}: {episodes}")
            else:
                met[meets.alert_id].append(told)
        known = len(self.wrong)
        for place, episode in enumerate(episodes):
            around = episodes[max(0, place - 1) : place + 2]
            if met[episode.alert_id] or not self._is_told_as_one(episode, around, oracles):
                self._compare(episode, met[episode.alert_id], around, starts)
        if len(self.wrong) > known:
            self.wrong.append(f"the oracle told {', '.join(map(str, oracles))}")

    def _compare(
        self, episode: Episode, oracles: Sequence[Told], around: Sequence[Episode], starts: Collection[float]
    ) -> None:
        if len(oracles) == 1:
            self.same += 1
            # Of one that it told for two, the times are those of both.
            if sum(_shared_seconds(one, oracles[0]) > 0 for one in around) == 1:
                self.wrong += self._differences(episode, oracles[0], starts)
        elif oracles:
            self.ends_that_were_none += 1
        elif (episode.ends_at or 0) - episode.told_at <= ORACLE_BLIND_SECONDS:
            self.unseen += 1
        else:
            self.wrong.append(f"the platform alone told {episode}")

    def _is_told_as_one(self, episode: Episode, around: Sequence[Episode], oracles: Sequence[Told]) -> bool:
        spanned = any(one.told_at <= episode.told_at and _end_of(one) >= _end_of(episode) for one in oracles)
        is_so = self._is_near_another(episode, around) or (self.oracle_failures > 0 and spanned)
        self.told_as_one += is_so
        return is_so

    def _differences(self, episode: Episode, told: Told, starts: Collection[float]) -> Iterator[str]:
        """Yield what differs in the times.

        The start may be another one that was given: the platform tells the first that it heard of, the oracle the
        earliest that it has heard of by the time that it looks. The end may be later: whoever falls silent is waited
        for, half a life more, and so is the old start of a server that was started anew, a whole life more.
        """
        given = [*starts, float(episode.starts_at)]
        if min(abs(told.starts_at - start) for start in given) > TIME_APART_SECONDS_MAX:
            yield f"the starts differ: {episode} {told}"
        later = (episode.ends_at or 0) - (told.ends_at or 0)
        if not -TIME_APART_SECONDS_MAX <= later <= 1.5 * self.life_seconds + TIME_APART_SECONDS_MAX:
            yield f"the ends differ by {later:.1f} s: {episode} {told}"

    def _is_near_another(self, episode: Episode, around: Sequence[Episode]) -> bool:
        return any(
            other is not episode and 0 <= later.told_at - (earlier.end_told_at or 0) <= ORACLE_BLIND_SECONDS
            for other in around
            for earlier, later in (sorted((episode, other), key=lambda one: one.told_at),)
        )


def _end_of(one: Episode | Told) -> float:
    return one.end_told_at or 0.0


def _shared_seconds(episode: Episode, told: Told) -> float:
    """Return for how long both had told that it fires, and not yet that it is over; with a blind moment around."""
    begins = max(episode.told_at, told.told_at)
    ends = min(_end_of(episode), _end_of(told))
    return ends - begins + ORACLE_BLIND_SECONDS
