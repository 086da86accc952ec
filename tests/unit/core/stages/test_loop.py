"""Work that goes on until it is asked to stop: what is tried again, after which pause, and what is not."""

import asyncio
from itertools import count

import pytest

from alerting_core.errors import LimitExceeded, PortUnavailable
from alerting_core.stages.loop import BACKOFF_MS_BASE, BACKOFF_MS_MAX, Failure, backoff_ms, retry_until_stopped


class Flaky:
    """Fails some times, and then works; `stop` is set by the failure of a given number."""

    def __init__(self, failures: int, *, stop_at: int | None = None) -> None:
        self.failures, self.stop_at = failures, stop_at
        self.stop, self.tries, self.reported = asyncio.Event(), 0, list[Failure]()

    async def work(self) -> None:
        self.tries += 1
        if self.tries <= self.failures:
            raise PortUnavailable("log", operation="publish")

    def on_failure(self, failure: Failure) -> None:
        self.reported.append(failure)
        if failure.in_a_row == self.stop_at:
            self.stop.set()

    async def run(self) -> bool:
        return await retry_until_stopped(
            self.work, stop=self.stop, on_failure=self.on_failure, pause_ms=lambda in_a_row: in_a_row
        )


async def test_work_is_done_again_until_it_succeeds() -> None:
    flaky = Flaky(failures=3)
    assert await flaky.run()
    assert flaky.tries == 4
    assert [(one.in_a_row, one.pause_ms) for one in flaky.reported] == [(1, 1), (2, 2), (3, 3)]


async def test_a_stop_ends_the_tries_and_the_pause_under_way() -> None:
    flaky = Flaky(failures=99, stop_at=2)
    assert not await retry_until_stopped(
        flaky.work,
        stop=flaky.stop,
        on_failure=flaky.on_failure,
        pause_ms=lambda in_a_row: 0 if in_a_row == 1 else 3_600_000,
    )
    assert flaky.tries == 2


async def test_work_is_tried_once_although_the_stop_was_asked_for_before() -> None:
    works, fails = Flaky(failures=0), Flaky(failures=1)
    for each in (works, fails):
        each.stop.set()
    assert (await works.run(), works.tries) == (True, 1)
    assert (await fails.run(), fails.tries) == (False, 1)


@pytest.mark.parametrize("error", [LimitExceeded("too large"), ZeroDivisionError()])
async def test_what_would_come_again_is_raised_at_once(error: Exception) -> None:
    tries = count()

    async def work() -> None:
        next(tries)
        raise error

    with pytest.raises(type(error)):
        await retry_until_stopped(work, stop=asyncio.Event())
    assert next(tries) == 1


def test_pauses_double_up_to_their_bound() -> None:
    pauses = [backoff_ms(failures) for failures in range(1, 200)]
    assert pauses[:3] == [BACKOFF_MS_BASE, 2 * BACKOFF_MS_BASE, 4 * BACKOFF_MS_BASE]
    assert pauses == sorted(pauses)
    assert set(pauses[6:]) == {BACKOFF_MS_MAX}
