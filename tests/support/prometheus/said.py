"""What reports come to by themselves: the times in which somebody says that an alert fires, and what is between them.

Worked out from the posts alone, without any code of the platform. From the promises (core/README.md, *The life of an
alert*):

* From a report on, its sender says that the alert fires until the end that it gives. Each start is a sender of its own.
* Over is what nobody says any more: by word, when the last sender said that it ended, or by silence.
* By word it is over at once, and what comes then is another episode. By silence the platform waits up to half a life
  longer for a sender that it has heard before, and then until it looks: who is heard meanwhile goes on with the same
  episode.

Between the moment that a post is sent and the one that it is answered nobody outside knows whether it has been taken.
What hangs on that, and on how far the half life reaches, is left open here: either is right. So is what becomes of a
report that was on its way for longer than it says that the alert fires: it comes as an end. All else is exact.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.support.prometheus.tee import Report

NOTICED_SECONDS_MAX: Final = 4.0
"""From the end by silence until the platform has closed the episode: it looks each second, and the machine is busy with
five servers. Who is heard again in these seconds may find the old episode or open another."""


@dataclass
class Stretch:
    """A time in which without a gap somebody says that an alert fires. Times are unix seconds.

    Attributes:
        starts_at: The start that the first report gave, or the moments between which it was taken.
        heard_from: When the first report was sent.
        over_from: The earliest moment at which it can be over.
        over_until: The latest, and whatever the platform waits is in it.
        is_by_word: Whether it is certain that it was over as soon as somebody said so.
        words: The ends that were given for it.
        may_be_none: Whether its only report may have come when it said that the alert is over.
    """

    starts_at: tuple[float, float]
    heard_from: float
    over_from: float
    over_until: float
    is_by_word: bool = False
    words: list[float] = field(default_factory=list[float])
    may_be_none: bool = False

    def may_end_at(self, at: int) -> bool:
        """Tell whether *at*, whole seconds, may be told as its end."""
        latest_word = max(self.words, default=0.0)
        if self.is_by_word:
            return at == int(latest_word)
        return int(min([*self.words, self.over_from])) <= at <= max(self.over_until, latest_word)


def must_differ(one: Stretch, following: Stretch) -> bool:
    """Tell whether the second cannot belong to the same episode."""
    return following.heard_from > one.over_until + (0.0 if one.is_by_word else NOTICED_SECONDS_MAX)


def stretches(reports: Iterable[Report], *, life_seconds: float) -> Sequence[Stretch]:
    """Return the stretches of one alert.

    Args:
        life_seconds: How long an alert fires of which a sender does not say until when.
    """
    reader = _Reader(life_seconds)
    for report in sorted(reports, key=lambda one: one.sent_at):
        if report.fires and (report.ends_at is None or report.ends_at > report.taken_at):
            reader.hear_firing(report)
        elif report.fires:
            reader.hear_too_late(report)
        else:
            reader.hear_end(report)
    return reader.found


@dataclass(frozen=True)
class _Sender:
    """Until when a sender says that it fires, at the least; and until when the platform may take that to be so."""

    says_until: float
    waited_until: float


@dataclass
class _Reader:
    life_seconds: float
    found: list[Stretch] = field(default_factory=list[Stretch])
    _senders: dict[float | None, _Sender] = field(default_factory=dict[float | None, _Sender])

    def hear_firing(self, report: Report) -> None:
        if not self._is_surely_open(report):
            self._begin(report)
        until = report.ends_at or report.taken_at + self.life_seconds
        said = _Sender(report.ends_at or report.sent_at + self.life_seconds, until + (until - report.sent_at) / 2)
        known = self._senders.get(report.starts_at)
        if known is None or known.says_until < said.says_until:
            self._senders[report.starts_at] = said
        self._note_end()

    def hear_end(self, report: Report) -> None:
        """Take out who says so: all, when it gives no start. A stranger's word counts when the others are over."""
        ends_at = report.ends_at
        if not self.found or ends_at is None:
            return
        stretch = self.found[-1]
        start = report.starts_at if report.starts_at is not None and report.starts_at < ends_at else None
        if start is not None and start not in self._senders and ends_at < stretch.starts_at[0]:
            return  # Repeated, of an episode before.
        if stretch.is_by_word:
            return
        stretch.words.append(ends_at)
        if start is None:
            self._senders.clear()
        else:
            self._senders.pop(start if start in self._senders else None, None)
        if self._is_surely_open(report):
            self._note_end()
            return
        stretch.over_from = min(stretch.over_from, report.sent_at)
        others = max((one.waited_until for one in self._senders.values()), default=0.0)
        if others > report.sent_at:
            # Somebody fell silent and may still be waited for.
            self._forget_what_is_not_sure()
            stretch.over_until = max(report.taken_at, others)
        elif stretch.over_until >= report.sent_at:
            self._senders.clear()
            # Where it may have been over by silence before, it was not surely this word that ended it.
            stretch.is_by_word = stretch.over_from >= report.sent_at
            stretch.over_until = report.taken_at

    def hear_too_late(self, report: Report) -> None:
        """Leave open whether it came as a report that it fires, or as an end."""
        assert report.ends_at is not None, "only an end can have passed"
        waited_until = report.ends_at + (report.ends_at - report.sent_at) / 2
        self._senders[report.starts_at] = _Sender(0.0, waited_until)
        if self.found:
            self.found[-1].words.append(report.ends_at)
            self.found[-1].is_by_word = False
        if self._is_surely_open(report):
            return
        self._begin(report)
        self._senders[report.starts_at] = _Sender(0.0, waited_until)
        self.found[-1].over_until = waited_until
        self.found[-1].may_be_none = True

    def _is_surely_open(self, report: Report) -> bool:
        return any(one.says_until >= report.taken_at for one in self._senders.values())

    def _begin(self, report: Report) -> None:
        start, sent_at = report.starts_at, report.sent_at
        self._senders = {key: one for key, one in self._senders.items() if one.waited_until > sent_at}
        self._forget_what_is_not_sure()
        starts_at = (sent_at, report.taken_at) if start is None else (start, start)
        self.found.append(Stretch(starts_at, sent_at, sent_at, sent_at))

    def _forget_what_is_not_sure(self) -> None:
        self._senders = {key: _Sender(0.0, one.waited_until) for key, one in self._senders.items()}

    def _note_end(self) -> None:
        stretch = self.found[-1]
        stretch.over_from = max(one.says_until for one in self._senders.values())
        stretch.over_until = max(one.waited_until for one in self._senders.values())
