"""Publishing together: what is one batch, in which order, and who gets which error."""

import asyncio
from collections.abc import Sequence

import pytest

from alerting_backend.adapters.group_commit import BATCH_BYTES_MAX, GroupCommit
from alerting_core.errors import LimitExceeded, PortUnavailable
from alerting_core.limits import RECORD_VALUE_BYTES_MAX
from alerting_core.ports.stream import Outgoing
from tests.support.pipeline import make_output


class Log:
    """Takes batches: `begun` is set by the first, and each waits until `open` is.

    Values in `refused` are, and `away` is a log that is.
    """

    def __init__(self, *refused: bytes, fail_waiting: bool = True) -> None:
        self.batches: list[list[bytes]] = []
        self.begun, self.open = asyncio.Event(), asyncio.Event()
        self.open.set()
        self.refused = set(refused)
        self.away, self.tries = False, 0
        self.commits = GroupCommit(self.write, records_max=4, fail_waiting=fail_waiting)

    async def write(self, outputs: Sequence[Outgoing]) -> None:
        self.begun.set()
        await self.open.wait()
        values = [output.value for output in outputs]
        self.tries += 1
        if self.away:
            raise PortUnavailable("log", operation="publish")
        if self.refused & set(values):
            raise LimitExceeded("too large")
        self.batches.append(values)

    async def publish_all(self, *values: bytes) -> list[BaseException | None]:
        calls = [self.commits.publish([make_output(value=value)]) for value in values]
        return await asyncio.gather(*calls, return_exceptions=True)


async def test_what_comes_during_a_batch_is_the_next_one_in_order() -> None:
    log = Log()
    log.open.clear()
    first = asyncio.create_task(log.publish_all(b"1"))
    await asyncio.sleep(0)
    others = [asyncio.create_task(log.publish_all(value)) for value in (b"2", b"3", b"4")]
    await asyncio.sleep(0)
    log.open.set()
    await asyncio.gather(first, *others)
    assert [value for batch in log.batches for value in batch] == [b"1", b"2", b"3", b"4"]
    assert len(log.batches) == 2


async def test_a_batch_is_bounded_and_one_call_is_never_split() -> None:
    log = Log()
    large = [make_output(value=b"%d" % number) for number in range(6)]
    first, last = [make_output()], [make_output()]
    await asyncio.gather(*(log.commits.publish(outputs) for outputs in (first, large, last)))
    assert [len(batch) for batch in log.batches] == [1, 6, 1]


async def test_a_batch_is_bounded_in_bytes() -> None:
    sizes = list[int]()

    async def write(outputs: Sequence[Outgoing]) -> None:
        sizes.append(sum(len(output.value) for output in outputs))

    commits = GroupCommit(write, records_max=1_000, fail_waiting=True)
    largest = b"x" * RECORD_VALUE_BYTES_MAX
    await asyncio.gather(*(commits.publish([make_output(value=largest)]) for _ in range(20)))
    assert sizes == [BATCH_BYTES_MAX, 20 * RECORD_VALUE_BYTES_MAX - BATCH_BYTES_MAX]


async def test_a_refusal_is_that_of_one_caller() -> None:
    log = Log(b"2")
    ends = await log.publish_all(b"1", b"2", b"3")
    assert [type(end) for end in ends] == [type(None), LimitExceeded, type(None)]
    assert log.batches == [[b"1"], [b"3"]]


@pytest.mark.parametrize(("fail_waiting", "tries"), [(True, 1), (False, 3)])
async def test_those_who_wait_for_a_log_that_is_away_may_learn_it_with_the_first_batch(
    *, fail_waiting: bool, tries: int
) -> None:
    log = Log(fail_waiting=fail_waiting)
    log.away = True
    ends = await log.publish_all(*(b"%d" % number for number in range(12)))
    assert all(isinstance(end, PortUnavailable) for end in ends)
    assert log.tries == tries
    log.away = False
    assert await log.publish_all(b"again") == [None]


async def test_a_caller_who_gave_up_disturbs_nobody() -> None:
    log = Log()
    log.open.clear()
    calls = [asyncio.create_task(log.commits.publish([make_output(value=b"%d" % number)])) for number in range(4)]
    await asyncio.sleep(0)
    calls[1].cancel()
    log.open.set()
    ends = await asyncio.gather(*calls, return_exceptions=True)
    assert [end is None for end in ends] == [True, False, True, True]


async def test_an_end_of_the_process_ends_the_calls_too() -> None:
    log = Log()
    log.open.clear()
    under_way = asyncio.create_task(log.commits.publish([make_output()]))
    await log.begun.wait()
    waiting = asyncio.create_task(log.commits.publish([make_output()]))
    await asyncio.sleep(0)
    calls = {under_way, waiting}
    [writing] = asyncio.all_tasks() - calls - {asyncio.current_task()}
    writing.cancel()
    for call in calls:
        with pytest.raises(asyncio.CancelledError):
            await call


async def test_draining_waits_for_what_was_handed_in() -> None:
    log = Log()
    log.open.clear()
    call = asyncio.create_task(log.publish_all(b"1"))
    await asyncio.sleep(0)
    draining = asyncio.create_task(log.commits.drain())
    log.open.set()
    await draining
    assert log.batches == [[b"1"]]
    assert await call == [None]
