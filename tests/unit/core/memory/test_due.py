"""The order in which deliveries come up: the same as that of a plain list that is searched every time."""

from random import Random

import pytest

from alerting_core.memory.due import ClientHost, DueIndex


class Model:
    """Deliveries as a plain dict."""

    def __init__(self) -> None:
        self.places: dict[str, ClientHost] = {}
        self.index = DueIndex(self.places.get)

    def put(self, delivery_id: str, due_at_ms: int | None, client_id: str, host: str) -> None:
        self.places[delivery_id] = (due_at_ms, client_id, host)
        if due_at_ms is not None:
            self.index.put(delivery_id, due_at_ms)

    def take(self, now_ms: int, limit: int, per_host_max: int = 1_000, excluded: tuple[str, ...] = ()) -> list[str]:
        taken: list[str] = []
        due = self.index.take(now_ms=now_ms, limit=limit, per_host_max=per_host_max, hosts_excluded=excluded)
        for delivery_id in due:
            _, client_id, host = self.places[delivery_id]
            self.put(delivery_id, now_ms + 60_000, client_id, host)
            taken.append(delivery_id)
        return taken


def test_every_client_has_its_turn_before_any_has_a_second_one() -> None:
    model = Model()
    for number in range(100):
        model.put(f"many-{number}", 0, "many", "h")
    model.put("one", 5, "one", "h")
    model.put("two", 6, "two", "h")
    assert set(model.take(10, 3)) == {"many-0", "one", "two"}


def test_turns_go_on_across_calls() -> None:
    model = Model()
    for client_id in "abcd":
        for number in range(3):
            model.put(f"{client_id}{number}", 0, client_id, "h")
    assert model.take(0, 2) + model.take(0, 2) == ["a0", "b0", "c0", "d0"]


def test_an_excluded_host_and_one_that_has_enough_are_passed_over() -> None:
    model = Model()
    for number in range(5):
        model.put(f"x{number}", 0, "a", "x")
        model.put(f"y{number}", 1, "a", "y")
    assert model.take(1, 10, per_host_max=2, excluded=("x",)) == ["y0", "y1"]


def test_what_a_clock_set_back_makes_early_waits() -> None:
    model = Model()
    model.put("a", 100, "c", "h")
    model.put("b", 100, "c", "h")
    assert model.take(100, 1) == ["a"]
    assert model.take(50, 1) == []
    assert model.index.next_due_ms() == 100
    assert model.take(100, 1) == ["b"]


@pytest.mark.parametrize("seed", range(20))
def test_it_takes_what_a_search_would_take(seed: int) -> None:
    dice, model, now_ms = Random(seed), Model(), 0
    for _ in range(300):
        now_ms += dice.randrange(5)
        match dice.randrange(4):
            case 0 | 1:
                number = dice.randrange(60)
                model.put(f"d{number}", now_ms + dice.randrange(20), f"c{number % 3}", f"h{number % 4}")
            case 2 if model.places:
                delivery_id = dice.choice(list(model.places))
                _, client_id, host = model.places[delivery_id]
                model.put(delivery_id, None, client_id, host)
            case _:
                due = {id_ for id_, (at_ms, _, _) in model.places.items() if at_ms is not None and at_ms <= now_ms}
                limit = dice.randrange(1, 10)
                taken = model.take(now_ms, limit)
                assert len(taken) == min(limit, len(due))
                assert set(taken) <= due
        waiting = [at_ms for at_ms, _, _ in model.places.values() if at_ms is not None]
        assert model.index.next_due_ms() == min(waiting, default=None)
        model.index.shrink(len(waiting))
