"""Each line of the table of moves, and what the start and the end that a report gives are taken for."""

from dataclasses import replace

import pytest

from alerting_core import limits
from alerting_core.domain.alert import Severity
from alerting_core.domain.episode import Episode, EpisodeStatus, Reporter
from alerting_core.domain.episode_report import Change, Report, ReportOutcome, apply, expire
from tests.support.catalog import NOW_MS
from tests.support.episodes import LIFE_MS, MINUTE_MS, firing, make_episode, make_report, reporters, resolved

HOUR_MS = 60 * MINUTE_MS


def at(minutes: float) -> int:
    """Return the time *minutes* after `NOW_MS`."""
    return NOW_MS + round(minutes * MINUTE_MS)


def told(current: Episode | None, report: Report, minutes: float, *, life_ms: int = LIFE_MS) -> Change:
    """Return what the report makes of the episode when it comes *minutes* after `NOW_MS`."""
    return apply(current, report, now_ms=at(minutes), life_ms=life_ms)


def after(current: Episode | None, report: Report, minutes: float) -> Episode:
    """Return the episode after a report that changed it."""
    change = told(current, report, minutes)
    assert change.is_written
    assert change.episode is not None
    return change.episode


def silent(episode: Episode, minutes: float) -> Episode:
    """Return the episode closed for want of reports."""
    closed = expire(episode, now_ms=at(minutes))
    assert closed is not None
    return closed


def unwritten(change: Change, outcome: ReportOutcome, episode: Episode | None) -> bool:
    return (change.outcome, change.is_written) == (outcome, False) and change.episode is episode


PAIR = make_episode(reporters=reporters(s0=at(4), s1=at(5)), ends_at_ms=at(5))
"""Two servers of a pair say that it fires, since `NOW_MS` and since a minute later."""


def test_an_alert_that_fires_for_the_first_time_opens_its_first_episode() -> None:
    said = {"context": {"a": "b"}, "annotations": {"summary": "c"}}
    report = firing(at(-3), at(2), owner="acme", severity=Severity.LOW, source="db", name="full", **said)
    change = told(None, report, 0)
    assert change.outcome is ReportOutcome.OPENED
    episode = change.episode
    assert episode is not None
    assert (episode.key, episode.number, episode.version) == (("acme", report.fingerprint), 1, 1)
    assert (episode.status, episode.phase, episode.published_phase) == (EpisodeStatus.OPEN, 1, 0)
    assert (episode.starts_at_ms, episode.ends_at_ms, episode.changed_at_ms) == (at(-3), at(2), at(0))
    assert (episode.severity, episode.source, episode.name, episode.context) == (Severity.LOW, "db", "full", {"a": "b"})
    assert episode.annotations == {"summary": "c"}
    assert episode.reporters == (Reporter(at(-3), at(2)),)


def test_without_an_end_it_fires_for_the_ordinary_life_and_without_a_start_since_now() -> None:
    episode = after(None, firing(), 0)
    assert (episode.starts_at_ms, episode.ends_at_ms) == (at(0), at(4))
    assert apply(None, firing(), now_ms=0).episode != episode
    assert (apply(None, firing(), now_ms=0).episode or episode).ends_at_ms == limits.EPISODE_LIFE_MS


@pytest.mark.parametrize(
    ("starts_at_ms", "ends_at_ms", "starts", "ends"),
    [
        (at(10), None, at(0), at(4)),
        (-(10**20), 10**20, 0, at(0) + limits.EPISODE_LIFE_MS_MAX),
        (10**20, at(1), at(0), at(1)),
        (0, at(0) + 1, 0, at(0) + 1),
    ],
)
def test_a_start_in_the_future_is_now_and_an_end_beyond_the_bound_is_cut(
    starts_at_ms: int, ends_at_ms: int | None, starts: int, ends: int
) -> None:
    episode = after(None, firing(starts_at_ms, ends_at_ms), 0)
    assert (episode.starts_at_ms, episode.ends_at_ms) == (starts, ends)


@pytest.mark.parametrize("report", [resolved(), resolved(at(-1), at(0)), firing(at(-2), at(-1)), firing(at(-2), at(0))])
def test_the_end_of_what_never_fired_is_nothing(report: Report) -> None:
    assert unwritten(told(None, report, 0), ReportOutcome.NOT_OPEN, None)


def test_a_report_of_a_sender_heard_once_is_taken_at_its_word() -> None:
    episode = after(None, firing(at(0), at(60)), 0)
    assert unwritten(told(episode, firing(at(0), at(60)), 30), ReportOutcome.UNCHANGED, episode)
    assert silent(episode, 60).ends_at_ms == at(60)


def test_an_alert_that_still_fires_is_kept_open_and_nothing_is_told() -> None:
    opened = make_episode()
    change = told(opened, firing(at(0), at(5)), 1)
    assert change.outcome is ReportOutcome.EXTENDED
    assert change.episode == replace(
        opened, reporters=reporters(s0=at(5) + LIFE_MS // 2), ends_at_ms=at(5) + LIFE_MS // 2, version=2
    )


def test_what_is_repeated_within_half_a_life_is_not_written_again() -> None:
    episode = after(make_episode(), firing(at(0), at(5)), 1)
    for minutes in (2, 3):
        assert unwritten(told(episode, firing(at(0), at(minutes + 4)), minutes), ReportOutcome.UNCHANGED, episode)
    assert told(episode, firing(at(0), at(8)), 4).outcome is ReportOutcome.EXTENDED


def test_no_more_than_an_hour_is_added_to_a_long_life() -> None:
    episode = after(make_episode(), firing(at(0), at(24 * 60)), 1)
    assert episode.ends_at_ms == at(24 * 60) + HOUR_MS


def test_a_report_that_fires_belongs_to_the_open_episode_whatever_it_says_of_itself() -> None:
    opened = make_episode()
    other = firing(at(-9), at(9), severity=Severity.LOW, source="db", name="full", context={})
    change = told(opened, other, 1)
    assert change.outcome is ReportOutcome.EXTENDED
    expected = replace(
        opened, reporters=(Reporter(at(-9), at(9)), *opened.reporters), ends_at_ms=at(9), version=opened.version + 1
    )
    assert change.episode == expected


def test_an_open_episode_whose_end_has_passed_is_still_open_until_it_is_closed() -> None:
    change = told(make_episode(), firing(at(0), at(64)), 60)
    assert (change.outcome, change.episode and change.episode.number) == (ReportOutcome.EXTENDED, 1)


@pytest.mark.parametrize("report", [resolved(at(0), at(2)), resolved(None, at(2)), firing(at(0), at(2))])
def test_the_end_of_the_only_reporter_closes_the_episode(report: Report) -> None:
    change = told(make_episode(), report, 3)
    assert change.outcome is ReportOutcome.CLOSED
    expected = replace(
        make_episode(),
        status=EpisodeStatus.ENDED,
        ends_at_ms=at(2),
        reporters=(),
        phase=2,
        version=2,
        changed_at_ms=at(3),
    )
    assert change.episode == expected


def test_an_end_is_never_in_the_future_and_never_before_the_start() -> None:
    assert after(make_episode(), resolved(at(0), at(9)), 3).ends_at_ms == at(3)
    assert after(make_episode(), resolved(), 3).ends_at_ms == at(3)
    assert after(make_episode(), resolved(None, at(-9)), 3).ends_at_ms == at(0)
    assert after(make_episode(), resolved(None, -(10**20)), 3).ends_at_ms == at(0)
    assert after(make_episode(), resolved(at(2), at(1)), 3).ends_at_ms == at(1)


def test_a_start_that_is_not_before_the_end_is_no_start() -> None:
    """As some tools write it, which put the present time into both."""
    for starts_at_ms in (at(3), at(4), 10**20):
        assert told(PAIR, resolved(starts_at_ms, at(3)), 3).outcome is ReportOutcome.CLOSED


def test_the_end_of_one_of_two_reporters_leaves_the_episode_open() -> None:
    change = told(PAIR, resolved(at(0), at(2)), 3)
    assert change.outcome is ReportOutcome.STILL_FIRING
    expected = replace(
        PAIR, reporters=reporters(s1=at(5)), reported_end_ms=at(2), ends_at_ms=at(5), version=PAIR.version + 1
    )
    assert change.episode == expected
    assert unwritten(told(expected, resolved(at(0), at(2)), 4), ReportOutcome.STILL_FIRING, expected)


def test_the_end_of_the_reporter_that_fires_longest_brings_the_timeout_nearer() -> None:
    assert after(PAIR, resolved(at(1), at(2)), 3).ends_at_ms == at(4)


def test_the_episode_ends_when_the_last_reporter_does_at_the_latest_end_that_was_given() -> None:
    one_left = after(PAIR, resolved(at(1), at(2.5)), 3)
    closed = told(one_left, resolved(at(0), at(2)), 3)
    assert (closed.outcome, closed.episode and closed.episode.ends_at_ms) == (ReportOutcome.CLOSED, at(2.5))


def test_a_reporter_that_fell_silent_keeps_no_episode_open() -> None:
    """A server that was started anew gives another start, and nobody speaks of the old one any more."""
    change = told(PAIR, resolved(at(1), at(4.25)), 4.5)
    assert (change.outcome, change.episode and change.episode.ends_at_ms) == (ReportOutcome.CLOSED, at(4.25))


def test_an_end_without_a_start_is_that_of_all_reporters() -> None:
    assert told(PAIR, resolved(None, at(2)), 3).outcome is ReportOutcome.CLOSED


def test_the_end_of_a_start_that_nobody_reported_is_remembered() -> None:
    change = told(PAIR, resolved(at(0.5), at(2)), 3)
    expected = replace(PAIR, reported_end_ms=at(2), version=PAIR.version + 1)
    assert change == Change(ReportOutcome.STILL_FIRING, expected)
    assert unwritten(told(expected, resolved(at(0.5), at(2)), 3), ReportOutcome.STILL_FIRING, expected)


def test_an_old_end_of_an_episode_before_is_passed_over() -> None:
    for episode in (PAIR, make_episode(reporters=reporters(nameless=at(4)))):
        assert unwritten(told(episode, resolved(at(-9), at(-5)), 1), ReportOutcome.STILL_FIRING, episode)


def test_a_sender_that_gave_no_start_may_be_anybody() -> None:
    nameless = make_episode(reporters=reporters(nameless=at(4)))
    assert told(nameless, resolved(at(-5), at(2)), 3).outcome is ReportOutcome.CLOSED
    both = make_episode(reporters=reporters(nameless=at(4), s1=at(5)), ends_at_ms=at(5))
    assert after(both, resolved(at(0), at(2)), 3).reporters == reporters(s1=at(5))
    assert after(both, resolved(at(1), at(2)), 3).reporters == reporters(nameless=at(4))


def test_a_reporter_whose_end_was_given_may_fire_again() -> None:
    one_left = after(PAIR, resolved(at(0), at(2)), 3)
    again = after(one_left, firing(at(0), at(7.5)), 3.5)
    assert again.reporters == reporters(s0=at(7.5), s1=at(5))
    assert again.reported_end_ms == at(2)


def test_of_too_many_starts_the_one_that_is_over_first_loses_its_name() -> None:
    full = make_episode(reporters=reporters(s0=at(6), s1=at(5), s2=at(8), s3=at(9)), ends_at_ms=at(9))
    assert len(full.reporters) == limits.EPISODE_REPORTERS_MAX
    fifth = after(full, firing(at(4), at(7)), 4.5)
    assert fifth.reporters == reporters(nameless=at(5), s0=at(6), s2=at(8), s3=at(9), s4=at(7))
    sixth = after(fifth, firing(at(5), at(5.5)), 4.5)
    assert sixth.reporters == reporters(nameless=at(5.5), s0=at(6), s2=at(8), s3=at(9), s4=at(7))
    assert sixth.ends_at_ms == at(9)


def test_silence_closes_an_episode_as_soon_as_its_end_has_passed() -> None:
    episode = make_episode()
    assert expire(episode, now_ms=at(4) - 1) is None
    expected = replace(
        episode, status=EpisodeStatus.TIMED_OUT, ends_at_ms=at(4), phase=2, version=2, changed_at_ms=at(6)
    )
    assert silent(episode, 6) == expected
    assert expire(expected, now_ms=at(99)) is None


def test_when_those_who_are_left_fall_silent_the_episode_ends_at_the_latest_of_the_ends() -> None:
    timed_out = silent(after(PAIR, resolved(at(0), at(2)), 3), 6)
    assert (timed_out.status, timed_out.ends_at_ms) == (EpisodeStatus.TIMED_OUT, at(5))
    said_later = replace(PAIR, reporters=reporters(s0=at(4)), reported_end_ms=at(4.5), ends_at_ms=at(4))
    ended = silent(said_later, 6)
    assert (ended.status, ended.ends_at_ms, ended.reporters) == (EpisodeStatus.ENDED, at(4.5), ())


@pytest.mark.parametrize("closed", [after(make_episode(), resolved(), 1), silent(make_episode(), 5)])
def test_what_fires_after_the_end_is_a_new_episode_with_an_id_of_its_own(closed: Episode) -> None:
    change = told(closed, firing(at(0), at(14)), 10)
    episode = change.episode
    assert change.outcome is ReportOutcome.OPENED
    assert episode is not None
    assert (episode.number, episode.version, episode.phase, episode.published_phase) == (2, closed.version + 1, 1, 0)
    assert (episode.starts_at_ms, episode.reported_end_ms) == (at(0), None)
    assert episode.episode_id != closed.episode_id


def test_the_end_of_what_has_ended_is_nothing() -> None:
    closed = after(make_episode(), resolved(at(0), at(2)), 3)
    for report in (resolved(at(0), at(2)), resolved(at(0), at(1)), resolved()):
        assert unwritten(told(closed, report, 4), ReportOutcome.NOT_OPEN, closed)


@pytest.mark.parametrize("report", [resolved(at(0), at(2)), resolved(None, at(2)), firing(at(0), at(2))])
def test_an_end_that_is_given_after_a_timeout_corrects_it(report: Report) -> None:
    timed_out = silent(make_episode(), 4)
    change = told(timed_out, report, 5)
    assert change.outcome is ReportOutcome.CORRECTED
    expected = replace(
        timed_out,
        status=EpisodeStatus.ENDED,
        ends_at_ms=at(2),
        reporters=(),
        reported_end_ms=at(2),
        phase=3,
        version=timed_out.version + 1,
        changed_at_ms=at(5),
    )
    assert change.episode == expected
    assert unwritten(told(expected, report, 6), ReportOutcome.NOT_OPEN, expected)


@pytest.mark.parametrize(
    "report",
    [resolved(at(0), at(4)), resolved(), resolved(None, at(-1)), resolved(at(1), at(2)), resolved(at(-9), at(-5))],
)
def test_an_end_that_is_later_or_of_another_start_or_of_an_episode_before_corrects_nothing(report: Report) -> None:
    timed_out = silent(make_episode(), 4)
    assert unwritten(told(timed_out, report, 5), ReportOutcome.NOT_OPEN, timed_out)


def test_an_episode_that_two_fell_silent_of_ends_when_the_later_one_did_until_both_have_given_an_end() -> None:
    timed_out = silent(PAIR, 6)
    assert timed_out.ends_at_ms == at(5)
    assert unwritten(told(timed_out, resolved(at(0), at(2)), 7), ReportOutcome.NOT_OPEN, timed_out)
    first = after(timed_out, resolved(at(1), at(3)), 7)
    assert (first.status, first.ends_at_ms, first.phase) == (EpisodeStatus.TIMED_OUT, at(4), 3)
    second = after(first, resolved(at(0), at(2)), 7)
    assert (second.status, second.ends_at_ms, second.phase) == (EpisodeStatus.ENDED, at(3), 4)


def test_a_report_of_another_identity_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        told(make_episode(), make_report("other"), 1)
