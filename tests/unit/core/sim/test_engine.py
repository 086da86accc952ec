"""The loop on virtual time, and processes that are killed on it."""

import asyncio

import pytest

from alerting_core.sim.engine import SimDeadlock, SimLoop
from alerting_core.sim.facts import Process, current_process

DAY_S = 86_400


def test_days_pass_without_waiting_for_them() -> None:
    loop = SimLoop()
    assert loop.run(asyncio.sleep(30 * DAY_S, "later")) == "later"
    assert loop.now_ms() == 30 * DAY_S * 1_000
    loop.discard()


def test_what_nobody_will_ever_do_is_an_error_and_no_endless_wait() -> None:
    loop = SimLoop()
    with pytest.raises(SimDeadlock):
        loop.run(loop.never())
    loop.discard()


def test_tasks_groups_and_timeouts_run_in_the_order_of_their_times() -> None:
    loop, order = SimLoop(), list[str]()

    async def say(word: str, after_ms: float) -> None:
        await loop.pause(after_ms)
        order.append(word)

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2), asyncio.TaskGroup() as group:
                group.create_task(say("never", 3_000))
                group.create_task(say("second", 1_500))
                group.create_task(say("first", 500))

    loop.run(main())
    assert order == ["first", "second"]
    assert loop.now_ms() == 2_000
    loop.discard()


def test_a_killed_process_stays_where_it_was_and_no_finally_runs() -> None:
    loop, told = SimLoop(), list[str]()
    killed, other = Process("killed"), Process("other")

    async def work(name: str) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(loop.pause(1_000))
                group.create_task(loop.pause(2_000))
            told.append(f"{name} is done")
        finally:
            told.append(f"{name} cleans up")

    loop.start(killed, work("killed"))
    loop.start(other, work("other"))
    loop.run_until(1_500)
    loop.kill(killed)
    loop.run_until(10_000)
    assert told == ["other is done", "other cleans up"]
    loop.discard()


def test_a_dead_process_is_not_woken_by_a_living_one() -> None:
    loop, told = SimLoop(), list[str]()
    waiting = Process("waiting")
    event = asyncio.Event()

    async def wait() -> None:
        await event.wait()
        told.append("woken")

    loop.start(waiting, wait())
    loop.run_until(10)
    loop.kill(waiting)
    loop.later(10, event.set)
    loop.run_until(100)
    assert event.is_set()
    assert told == []
    loop.discard()


def test_burying_ends_every_task_the_killed_ones_too() -> None:
    loop = SimLoop()
    process = Process("process")
    tasks = [loop.start(process, loop.pause(ms)) for ms in (10, 1_000)]
    tasks.append(loop.create_task(loop.never()))
    loop.run_until(20)
    loop.kill(process)
    loop.discard()
    assert all(task.done() for task in tasks)
    assert loop.is_closed()


def test_tasks_of_a_process_belong_to_it_and_others_to_nobody() -> None:
    loop, found = SimLoop(), list[str]()

    async def look() -> None:
        process = current_process()
        found.append("nobody" if process is None else process.name)

    async def look_in_a_task() -> None:
        await asyncio.create_task(look())

    loop.start(Process("one"), look_in_a_task())
    loop.create_task(look())
    loop.run_until(1)
    assert sorted(found) == ["nobody", "one"]
    loop.discard()


def test_steps_make_the_same_world_as_running_through() -> None:
    def run(*, by_steps: bool) -> list[float]:
        loop, times = SimLoop(), list[float]()

        async def tick(every_ms: float) -> None:
            for _ in range(5):
                await loop.pause(every_ms)
                times.append(loop.time())

        loop.create_task(tick(0.1))
        loop.create_task(tick(1 / 3))
        if by_steps:
            while loop.step():
                pass
        else:
            loop.run_until(1_000)
        loop.discard()
        return times

    assert run(by_steps=True) == run(by_steps=False)


async def test_the_loop_runs_inside_a_running_loop() -> None:
    outer = asyncio.get_running_loop()
    loop = SimLoop()
    assert loop.run(asyncio.sleep(DAY_S, "inner")) == "inner"
    loop.discard()
    assert asyncio.get_running_loop() is outer
    assert asyncio.current_task() is not None
    await asyncio.sleep(0)
