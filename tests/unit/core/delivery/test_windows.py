"""How many claims a sender holds, of whom."""

from alerting_core.delivery.windows import WINDOW_MAX, ClaimWindows
from alerting_core.domain.delivery import Place

A, B = Place("a", "hooks.dev:443"), Place("b", "hooks.dev:443")


def never(_: Place) -> int:
    return 0


def test_a_place_without_a_success_is_claimed_anew_when_it_holds_nothing_and_one_with_some_earlier() -> None:
    windows = ClaimWindows(2_048)
    windows.take(A)
    assert windows.full_places(never) == [A]
    for _ in range(3):
        windows.learn(A, answered_well=True)
    assert windows.full_places(never) == []
    for _ in range(7):
        windows.take(A)
    assert windows.full_places(never) == [A]
    windows.give_back(A)
    assert windows.full_places(never) == []
    windows.learn(A, answered_well=False)
    assert windows.full_places(never) == [A]


def test_one_clients_window_is_not_anothers_on_the_same_host() -> None:
    windows = ClaimWindows(2_048)
    windows.take(A)
    windows.take(B)
    for _ in range(3):
        windows.learn(B, answered_well=True)
        windows.learn(A, answered_well=False)
    assert windows.full_places(never) == [A]


def test_what_waits_for_a_busy_target_does_not_fill_the_window_of_its_place() -> None:
    windows = ClaimWindows(2_048)
    for _ in range(5):
        windows.take(A)
    assert windows.full_places(lambda _: 4) == [A]
    assert windows.full_places(lambda _: 5) == []


def test_one_client_holds_two_thirds_at_most_and_one_host_a_third() -> None:
    windows = ClaimWindows(300)
    hosts = [Place("a", f"h{number}") for number in range(300)]
    for number, place in enumerate(hosts):
        assert (windows.full_clients() == ["a"]) is (number >= 200)
        windows.take(place)
    windows = ClaimWindows(300)
    for number in range(300):
        assert (windows.full_hosts() == [A.host]) is (number >= 100)
        windows.take(Place(f"c{number}", A.host))


def test_a_host_never_holds_more_than_its_window() -> None:
    windows = ClaimWindows(1_000_000)
    for _ in range(WINDOW_MAX):
        assert windows.full_hosts() == []
        windows.take(A)
    assert windows.full_hosts() == [A.host]


def test_what_is_given_back_is_held_no_more() -> None:
    windows = ClaimWindows(10)
    for _ in range(8):
        windows.take(A)
    for _ in range(8):
        windows.give_back(A)
    assert windows.held == 0
    assert not windows.full_places(never)
    assert not windows.full_clients()
    assert not windows.full_hosts()
