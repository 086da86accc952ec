"""Whose attempt begins next, and how many of whom at once."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from alerting_core.delivery.pace import Pace
from alerting_core.delivery.turns import Turns, Waiting
from alerting_core.domain.claim import Claim
from tests.unit.core.delivery.make import make_claim, make_delivery, make_notification

WIDE = Pace(width=32)


def claim_of(client_id: str, number: int = 0, *, target: str = "hook", host: str = "hooks.acme.dev") -> Claim:
    notification = make_notification(notification_id=f"{client_id}-{target}-{number}", client_id=client_id)
    delivery = make_delivery(f"https://{host}/{client_id}/{target}", notification_id=notification.notification_id)
    return make_claim(replace(delivery, client_id=client_id), notification)


class Hall:
    """Turns, and what they have begun."""

    def __init__(self, *, sending_max: int = 512, per_host_max: int = 48) -> None:
        self.turns = Turns(sending_max=sending_max, per_host_max=per_host_max)
        self.under_way: list[Claim] = []
        self.now_ms = 0.0

    def put(self, *claims: Claim, pace: Pace = WIDE) -> None:
        for claim in claims:
            if claim.delivery.target_key not in {one.delivery.target_key for one in self.under_way}:
                self.turns.keep_pace(claim, pace)
            self.turns.put(Waiting(claim, 60_000.0))

    def begin(self) -> list[str]:
        begun = [waiting.claim for waiting in self.turns.begin(now_ms=self.now_ms)]
        self.under_way += begun
        return [claim.delivery.client_id for claim in begun]

    def end(self, place: int = 0) -> None:
        self.turns.ended(self.under_way.pop(place))


def test_clients_take_turns_however_much_one_of_them_has() -> None:
    hall = Hall(per_host_max=4)
    hall.put(*(claim_of("a", number) for number in range(100)), *(claim_of("b", number) for number in range(3)))
    served = hall.begin()
    while hall.under_way:
        hall.end()
        served += hall.begin()
    assert served[:8].count("b") == 3
    assert len(served) == 103


def test_targets_of_a_client_take_turns() -> None:
    hall = Hall(per_host_max=3)
    hall.put(*(claim_of("a", number) for number in range(100)), claim_of("a", target="other"))
    hall.begin()
    assert "other" in {claim.delivery.target.rpartition("/")[2] for claim in hall.under_way}


def test_one_client_has_two_thirds_of_a_host_at_most_and_a_second_one_of_what_is_left() -> None:
    hall = Hall(per_host_max=48)
    hall.put(*(claim_of("a", number) for number in range(100)))
    assert len(hall.begin()) == 32
    hall.put(*(claim_of("b", number) for number in range(100)))
    assert hall.begin() == ["b"] * 11
    hall.put(claim_of("c"))
    assert hall.begin() == ["c"]


def test_one_client_has_two_thirds_of_all_at_most_on_however_many_hosts() -> None:
    hall = Hall(sending_max=48)
    hall.put(*(claim_of("a", host=f"h{number}.dev") for number in range(100)))
    assert len(hall.begin()) == 32
    hall.put(claim_of("b"))
    assert hall.begin() == ["b"]
    assert hall.begin() == []
    hall.end()
    assert hall.begin() == ["a"], "what was short of slots is looked at again"


def test_a_client_that_waits_for_its_share_at_a_thousand_hosts_costs_others_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hall, looks = Hall(), Counter[str]()
    hall.put(*(claim_of("a", host=f"h{number}.dev") for number in range(1_000)))
    assert len(hall.begin()) == 342
    look = hall.turns._begin_at
    monkeypatch.setattr(
        hall.turns, "_begin_at", lambda name, *rest, **more: looks.update([name]) or look(name, *rest, **more)
    )
    for number in range(100):
        hall.put(claim_of("b", number))
        assert hall.begin() == ["b"]
        hall.end(-1)
        assert hall.begin() == []
    assert looks.total() <= 400


def test_clients_that_wait_for_their_shares_have_them_again_when_there_is_room() -> None:
    hall = Hall(sending_max=12)
    hall.put(*(claim_of(client, host=f"{client}{number}.dev") for client in "abc" for number in range(20)))
    served = Counter(hall.begin())
    assert served.total() == 12
    while hall.under_way:
        hall.end()
        served += Counter(hall.begin())
    assert served == {"a": 20, "b": 20, "c": 20}


def test_a_new_target_is_sent_one_message_at_first() -> None:
    hall = Hall()
    hall.put(*(claim_of("a", number) for number in range(10)), pace=Pace())
    assert len(hall.begin()) == 1
    assert hall.begin() == []
    hall.end()
    assert len(hall.begin()) == 1


def test_a_target_that_is_held_waits_for_its_time_and_holds_up_no_other() -> None:
    hall = Hall()
    held = Pace(is_held=True, released_at_ms=1_000.0, spacing_ms=500.0)
    hall.put(claim_of("a", 1), claim_of("a", 2), pace=held)
    hall.put(claim_of("a", target="other"), claim_of("b"))
    assert hall.begin() == ["a", "b"]
    assert hall.turns.ready_at_ms == 1_000.0
    hall.now_ms = 1_000.0
    assert hall.begin() == ["a"]
    hall.end(-1)
    assert hall.begin() == []
    assert hall.turns.ready_at_ms == 1_500.0
    hall.now_ms = 1_500.0
    assert hall.begin() == ["a"]


def test_what_waits_for_a_busy_target_is_counted_as_such() -> None:
    hall = Hall()
    hall.put(*(claim_of("a", number) for number in range(5)))
    assert hall.turns.busy_at(claim_of("a").delivery.place) == 0
    hall.turns.keep_pace(claim_of("a"), Pace(is_held=True))
    assert hall.turns.busy_at(claim_of("a").delivery.place) == 5
    hall.begin()
    assert hall.turns.busy_at(claim_of("a").delivery.place) == 5
    hall.turns.keep_pace(claim_of("a"), Pace())
    assert hall.turns.busy_at(claim_of("a").delivery.place) == 0


def test_a_line_is_shortened_from_its_end() -> None:
    hall = Hall()
    claims = [claim_of("a", number) for number in range(5)]
    hall.put(*claims)
    assert [waiting.claim for waiting in hall.turns.shorten(claims[0], to=2)] == claims[:1:-1]
    assert hall.turns.waiting_for(claims[0]) == 2
    assert hall.turns.shorten(claims[0], to=2) == []


@pytest.mark.parametrize("seed", range(30))
def test_nothing_is_lost_and_no_bound_is_exceeded(seed: int) -> None:
    dice = Random(seed)
    hall = Hall(sending_max=dice.randint(1, 12), per_host_max=dice.randint(1, 5))
    put = begun = 0
    for _ in range(200):
        if dice.random() < 0.5:
            host, client, target = f"h{dice.randrange(4)}.dev", f"c{dice.randrange(4)}", f"t{dice.randrange(3)}"
            pace = Pace(width=dice.randint(1, 4), is_held=dice.random() < 0.3, released_at_ms=dice.random() * 50)
            hall.put(claim_of(client, put, target=target, host=host), pace=pace)
            put += 1
        elif hall.under_way:
            hall.end(dice.randrange(len(hall.under_way)))
        hall.now_ms += dice.random()
        begun += len(hall.begin())
        by_host = Counter(claim.delivery.host for claim in hall.under_way)
        assert max(by_host.values(), default=0) <= hall.turns.per_host_max
        assert len(hall.under_way) <= hall.turns.sending_max
    hall.now_ms = 1_000.0
    while hall.under_way or begun < put:
        begun += len(hall.begin())
        assert hall.under_way, "what waits is begun when nothing is under way"
        hall.end()
    assert begun == put
    assert hall.turns.call_off() == []
