"""Whose mail leaves next, in virtual time."""

import asyncio

import pytest

from alerting_backend.adapters.transport.mail_turns import MailTurns
from alerting_core.sim.engine import SimLoop

WAIT_MS = 10_000


class Office:
    """Mails of clients before one provider, which takes each for some milliseconds."""

    def __init__(self, *, per_second: float = 2, at_once: int = 8, mail_ms: int = 100) -> None:
        self.loop = SimLoop()
        burst = max(1, int(per_second))
        self.turns = MailTurns(per_second, burst=burst, at_once=at_once, clock_ms=self.loop.monotonic_ms)
        self.mail_ms = mail_ms
        self.waits_ms: dict[str, list[float]] = {}
        self.refused: list[str] = []
        self.under_way = self.most_under_way = 0

    async def mail(self, client_id: str, *, at_ms: float = 0.0) -> None:
        await asyncio.sleep(at_ms / 1_000)
        begun_ms = self.loop.monotonic_ms()
        async with self.turns.turn(client_id, wait_ms_max=WAIT_MS) as is_its_turn:
            if not is_its_turn:
                self.refused.append(client_id)
                return
            self.waits_ms.setdefault(client_id, []).append(self.loop.monotonic_ms() - begun_ms)
            self.under_way += 1
            self.most_under_way = max(self.under_way, self.most_under_way)
            await asyncio.sleep(self.mail_ms / 1_000)
            self.under_way -= 1

    def run(self, *mails: tuple[str, float]) -> None:
        async def all_of_them() -> None:
            await asyncio.gather(*(self.mail(client_id, at_ms=at_ms) for client_id, at_ms in mails))

        self.loop.run(all_of_them())
        self.loop.close()


def test_mails_of_one_client_do_not_wait_behind_all_those_of_another() -> None:
    office = Office()
    office.run(*[("a", 0.0)] * 150, *[("b", number * 1_000.0) for number in range(10)])
    assert len(office.waits_ms["b"]) == 10
    # Whoever comes waits for the next token, and for one mail of the other client at most.
    assert max(office.waits_ms["b"]) <= 1_000


def test_what_the_own_mails_put_too_far_away_is_refused_at_once_and_the_rate_is_used_up() -> None:
    office = Office()
    office.run(*[("a", 0.0)] * 150)
    assert len(office.waits_ms["a"]) == 22  # Two at once, and two a second for ten seconds.
    assert len(office.refused) == 128
    assert office.loop.now_ms() <= WAIT_MS + 200


def test_each_of_many_clients_has_its_turn() -> None:
    office = Office(per_second=10)
    office.run(*[("a", 0.0)] * 60, *[(f"c{number}", 50.0) for number in range(20)])
    assert all(len(office.waits_ms[f"c{number}"]) == 1 for number in range(20))


def test_no_more_than_so_many_are_under_way_and_their_slots_are_handed_on() -> None:
    office = Office(per_second=0, at_once=3)
    office.run(*[("a", 0.0)] * 20, *[("b", 10.0)] * 5)
    assert office.most_under_way == 3
    assert not office.refused
    assert max(office.waits_ms["b"]) < max(office.waits_ms["a"])


@pytest.mark.parametrize("cancel_ms", [0.0, 250.0, 500.0])
def test_who_waits_no_more_takes_no_turn_away(cancel_ms: float) -> None:
    office = Office(per_second=2, at_once=1)

    async def scene() -> None:
        first = [asyncio.create_task(office.mail("a")) for _ in range(4)]
        await asyncio.sleep(cancel_ms / 1_000)
        for task in first[1:]:
            task.cancel()
        await asyncio.gather(*first, return_exceptions=True)
        await asyncio.gather(*(office.mail("b") for _ in range(3)))

    office.loop.run(scene())
    office.loop.close()
    assert len(office.waits_ms["b"]) == 3
    assert max(office.waits_ms["b"]) <= 1_500
