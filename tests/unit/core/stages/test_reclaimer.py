"""The reclaimer takes back what the dead had leased, and is in no hurry with the living."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from alerting_core.memory.database import MemoryClock
from alerting_core.stages.batch import Count
from alerting_core.stages.recover import Reclaimer


@dataclass
class Leases:
    """Answers each look with the next of *absent*, and notes what was taken back."""

    absent_next: list[Sequence[str]]
    taken: list[Collection[str]] = field(default_factory=list)

    async def absent(self, *, now_ms: int, lease_ms: int) -> Collection[str]:
        return self.absent_next.pop(0)

    async def take_back(self, senders: Collection[str], *, now_ms: int, lease_ms: int, limit: int) -> int:
        self.taken.append(sorted(senders))
        return 7


async def look(leases: Leases, *, own: str = "own", is_alone: bool = False, every_ms: int = 1_000) -> list[int]:
    """Look as often as there are answers; return how many leases each look took back."""
    clock, taken = MemoryClock(0), list[int]()
    reclaimer = Reclaimer(leases, clock, own=own, is_alone=is_alone)
    while leases.absent_next:
        report = await reclaimer.step()
        taken.append(report.counts.get(Count.DELIVERIES_RECLAIMED, 0))
        clock.advance(every_ms)
        clock.set(0)  # The wall clock says nothing about how long anybody was absent.
    return taken


async def test_a_sender_is_taken_for_gone_when_it_was_absent_at_every_look_for_three_seconds() -> None:
    leases = Leases([["dead"]] * 4)
    assert await look(leases) == [0, 0, 0, 7]
    assert leases.taken == [["dead"]]


async def test_a_sender_that_shows_itself_in_between_is_not_gone() -> None:
    leases = Leases([["cut off"], ["cut off"], [], ["cut off"], ["cut off"]])
    assert await look(leases) == [0] * 5
    assert leases.taken == []


async def test_looks_that_are_far_apart_prove_nothing() -> None:
    assert await look(Leases([["cut off"]] * 4), every_ms=20_000) == [0] * 4


async def test_who_is_alone_takes_back_at_its_first_look_and_is_patient_afterwards() -> None:
    leases = Leases([["dead"], ["other"], ["other"]])
    assert await look(leases, is_alone=True) == [7, 0, 0]
    assert leases.taken == [["dead"]]


async def test_its_own_leases_are_never_taken_back() -> None:
    leases = Leases([["own"]] * 6)
    assert await look(leases, is_alone=True) == [0] * 6
    assert leases.taken == []
