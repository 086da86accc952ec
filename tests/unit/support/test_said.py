"""What is worked out from the posts, and what is noticed when something else was told."""

from dataclasses import replace

import pytest

from tests.support.prometheus.oracle import Told
from tests.support.prometheus.said import NOTICED_SECONDS_MAX, Stretch, must_differ, stretches
from tests.support.prometheus.tee import Report
from tests.support.prometheus.verdict import Agreement, Episode, difference_to_posts, wrongly_told

LIFE = 4.0
T = 1_000_000.0
STARTS = {"a": T, "b": T + 2}


def firing(sender: str, at: float, *, takes: float = 0.1, life: float = LIFE) -> Report:
    return Report(sender, "disk", STARTS.get(sender), T + at + life, T + at, T + at + takes)


def resolved(sender: str, at: float, ended: float) -> Report:
    return Report(sender, "disk", STARTS.get(sender), T + ended, T + at, T + at + 0.1)


def said(*reports: Report) -> list[Stretch]:
    return list(stretches(reports, life_seconds=LIFE))


def episode(starts_at: float, ends_at: float, *statuses: str) -> Episode:
    told = list(statuses or ("firing", "resolved"))
    name = f"{starts_at}"
    return Episode("disk", name, int(T + starts_at), T + starts_at, told, int(T + ends_at), T + ends_at + 1)


def test_an_alert_is_over_by_word_when_the_last_server_says_so() -> None:
    (stretch,) = said(firing("a", 0), firing("b", 2), resolved("a", 3, 3), firing("b", 3.5), resolved("b", 4, 4))
    assert stretch.is_by_word
    assert list(difference_to_posts([stretch], [episode(0, 4)])) == []
    assert list(difference_to_posts([stretch], [episode(0, 3)])), "that is the end at one of them"


def test_what_comes_after_an_end_by_word_is_another_episode() -> None:
    both = said(firing("a", 0), resolved("a", 1, 1), firing("b", 2), resolved("b", 3, 3))
    assert must_differ(*both)
    assert list(difference_to_posts(both, [episode(0, 1), episode(2, 3)])) == []
    assert list(difference_to_posts(both, [episode(0, 3)]))


@pytest.mark.parametrize(
    ("silent", "differs"), [(LIFE + 1, False), (1.5 * LIFE + NOTICED_SECONDS_MAX + 1, True)], ids=["short", "long"]
)
def test_a_silent_sender_is_waited_for_half_a_life_longer(silent: float, differs: bool) -> None:
    before, after = said(firing("a", 0), firing("a", silent))
    assert must_differ(before, after) is differs


def test_an_old_start_is_waited_for_although_the_others_say_that_it_is_over() -> None:
    (stretch,) = said(firing("a", 0), firing("b", 1), resolved("b", 3, 3))
    assert not stretch.is_by_word
    assert list(difference_to_posts([stretch], [episode(0, LIFE + 1)])) == []


def test_what_was_on_its_way_for_too_long_may_be_either() -> None:
    both = said(firing("a", 0, takes=LIFE + 1), firing("b", 20))
    assert list(difference_to_posts(both, [episode(2, 24)])) == []
    assert list(difference_to_posts(both, [episode(0, LIFE), episode(2, 24)])) == []


@pytest.mark.parametrize(
    "episodes",
    [[], [episode(0, 5), episode(0, 5)], [episode(1, 5)], [episode(0, 40)]],
    ids=["lost", "two", "start", "end"],
)
def test_what_was_told_otherwise_than_said_is_noticed(episodes: list[Episode]) -> None:
    assert list(difference_to_posts(said(firing("a", 0)), [episode(0, 5)])) == []
    assert len(list(difference_to_posts(said(firing("a", 0)), episodes))) == 1


@pytest.mark.parametrize(
    "statuses",
    [("firing",), ("resolved", "firing"), ("firing", "resolved", "resolved"), ("firing", "firing", "resolved")],
)
def test_each_is_told_once_and_its_end_once_after_it(statuses: tuple[str, ...]) -> None:
    assert list(wrongly_told([episode(0, 5), episode(10, 15, "both")])) == []
    assert len(list(wrongly_told([episode(0, 5, *statuses)]))) == 1


def test_the_oracle_may_end_what_goes_on_and_no_more() -> None:
    told = Told("disk", T, T, T + 5, T + 5)
    agreement = Agreement(LIFE)
    agreement.add(
        [episode(0, 5), episode(20, 30)], [told, replace_times(told, 20, 24), replace_times(told, 25, 30)], [T]
    )
    assert (agreement.same, agreement.ends_that_were_none, agreement.wrong) == (1, 1, [])
    agreement = Agreement(LIFE)
    agreement.add([episode(0, 5)], [told, replace_times(told, 50, 60)], [T])
    assert any("the oracle alone told" in one for one in agreement.wrong)
    agreement = Agreement(LIFE)
    agreement.add([episode(0, 5), episode(50, 60)], [told], [T])
    assert any("the platform alone told" in one for one in agreement.wrong)


@pytest.mark.parametrize("failures", [0, 1])
def test_the_oracle_may_tell_two_as_one_when_it_could_not_deliver_the_end_between_them(failures: int) -> None:
    agreement = Agreement(LIFE, failures)
    agreement.add([episode(0, 5), episode(20, 50)], [Told("disk", T, T, T + 50, T + 51)], [T])
    assert (agreement.told_as_one == 1 and not agreement.wrong) is bool(failures)


def replace_times(told: Told, starts_at: float, ends_at: float) -> Told:
    """Return *told* at another time."""
    begins, ends = T + starts_at, T + ends_at
    return replace(told, starts_at=begins, told_at=begins, ends_at=ends, end_told_at=ends)
