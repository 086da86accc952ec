"""An event loop on virtual time: hours pass in milliseconds, and the same program always runs in the same order.

Theory of operation. asyncio's own loop does all the work; only its selector is replaced. Where a real one would sleep
until the next timer, this one moves the clock there. There are no sockets and no threads, so that a loop that has
neither a callback nor a timer would wait for ever: that is a `SimDeadlock`.

A task belongs to the `Process` in whose context it was made. When a process is killed, whatever is scheduled in its
context is thrown away and nothing of it is ever scheduled again: its tasks stay suspended where they were, as after
kill -9, and no `finally` runs. They are kept alive until the loop is closed, since Python would otherwise close them
in passing.

The loop may run inside another running loop (in a browser there is always one): that one is put aside meanwhile.
"""

import asyncio
from asyncio import events, tasks
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, Final, TypeVar, TypeVarTuple, Unpack, cast

from alerting_core.sim.facts import Process, current_process, process_in, process_of

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")


RESOLUTION_DIGITS: Final = 6
RESOLUTION_S: Final = 1e-6
"""How finely time is told, on every machine."""


class SimDeadlock(RuntimeError):
    """Every task waits for something that nobody will ever do."""


class _Enough(Exception):
    """The next timer is later than the loop was to run."""


class SimTask(asyncio.Task[T]):
    """A task whose place in a set does not depend on its address in memory."""

    def __init__(self, coroutine: Coroutine[Any, Any, T], *, number: int, **options: Any) -> None:
        self._number = number
        super().__init__(coroutine, **options)

    def __hash__(self) -> int:
        return self._number


class SimLoop(asyncio.BaseEventLoop):
    """Runs tasks on virtual time, which starts at 0."""

    _ready: deque[asyncio.Handle]
    _scheduled: list[asyncio.TimerHandle]

    def __init__(self) -> None:
        super().__init__()
        self.set_debug(enabled=False)
        self._now = 0.0
        self._tasks_made = 0
        self._graveyard: list[asyncio.Task[Any]] = []
        self._lost_calls: list[Callable[[], object]] = []
        self._burying = False
        self._end: float | None = None
        # What asyncio's loop asks for: the selector, and how finely time is told.
        self._selector = self
        self._clock_resolution = RESOLUTION_S / 2

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._now

    def now_ms(self) -> int:
        """Return the virtual time in milliseconds."""
        return round(self._now * 1_000)

    def monotonic_ms(self) -> float:
        """Return the virtual time in milliseconds, in whole microseconds."""
        return round(self._now * 1_000, RESOLUTION_DIGITS - 3)

    def run_until(self, at_ms: float) -> None:
        """Run everything that happens up to *at_ms*; less if somebody calls `stop`.

        Time ends at *at_ms* whether or not anything happens then. Nothing is scheduled for that: into how many pieces a
        span of time is cut changes nothing of what happens in it.
        """
        self._end = max(self._now, round(at_ms / 1_000, RESOLUTION_DIGITS))
        try:
            self._run_aside()
        except _Enough:
            self._now = self._end
        finally:
            self._end = None

    def step(self) -> bool:
        """Run what is ready, or else move to the next timer and run that; False when there is neither."""
        next_at_ms = self.next_at_ms()
        if next_at_ms is None:
            return False
        self.run_until(next_at_ms)
        return True

    def next_at_ms(self) -> float | None:
        """Return when the next thing happens; None when nothing ever will."""
        next_at = self._next_at()
        return None if next_at is None else next_at * 1_000

    def _next_at(self) -> float | None:
        if self._ready:
            return self._now
        return min((timer.when() for timer in self._scheduled if not timer.cancelled()), default=None)

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run *main* to its end. Raises SimDeadlock when it can never end."""
        task = self.create_task(main)
        task.add_done_callback(lambda _: self.stop())
        self._run_aside()
        assert task.done(), "stopped from elsewhere"
        return cast("T", task.result())

    async def pause(self, ms: float) -> None:
        """Wait *ms* of virtual time."""
        future: asyncio.Future[None] = self.create_future()
        timer = self.call_at(self._now + ms / 1_000, _wake, future)
        try:
            await future
        finally:
            timer.cancel()

    def later(self, ms: float, callback: Callable[[], object]) -> None:
        """Call *callback* after *ms*, as nobody's process."""
        self.call_at(self._now + ms / 1_000, callback, context=Context())

    async def never(self) -> None:
        """Wait for ever."""
        await self.create_future()

    def start(self, process: Process, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run *coroutine* as a task of *process*."""
        return self.create_task(coroutine, context=process.context)

    def kill(self, process: Process) -> None:
        """End *process* where it is: none of its code runs again."""
        process.is_dead = True
        for handle in self._ready:
            if process_of(handle) is process:
                self._lost_calls.append(_call_of(handle))
                handle.cancel()
        for timer in self._scheduled:
            if process_of(timer) is process:
                timer.cancel()
        self._graveyard += process.unfinished()

    def discard(self) -> None:
        """Let every task end, those of the killed too, and close the loop. Their ports must refuse them by now."""
        self._burying = True
        for _ in range(_DISCARD_ROUNDS):
            left = [task for task in (*self._graveyard, *asyncio.all_tasks(self)) if not task.done()]
            if not left:
                break
            for task in left:
                task.cancel()
            # A task whose wake-up call was thrown away can only end if it is made after all.
            for call in self._lost_calls:
                super().call_soon(call)
            self._lost_calls = []
            self.run_until(self.now_ms())
        self._graveyard = []
        self.close()

    def create_task(self, coro: Any, **options: Any) -> asyncio.Task[Any]:
        """Make a task of the process in whose context it is made."""
        self._tasks_made += 1
        task: SimTask[Any] = SimTask(coro, number=self._tasks_made, loop=self, **options)
        context: Context | None = options.get("context")
        process = current_process() if context is None else process_in(context)
        if process is not None:
            process.keep(task)
        return task

    def call_soon(
        self, callback: Callable[[Unpack[Arguments]], object], *args: *Arguments, context: Context | None = None
    ) -> asyncio.Handle:
        """Schedule *callback*, unless it belongs to a process that is dead."""
        process = None if context is None else process_in(context)
        if process is not None and process.is_dead and not self._burying:
            handle = asyncio.Handle(callback, args, self, context)
            self._lost_calls.append(_call_of(handle))
            handle.cancel()
            return handle
        return super().call_soon(callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Arguments]], object],
        *args: *Arguments,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Schedule *callback* for a time, in whole microseconds: sums of floats would lie just beside each other."""
        return super().call_at(round(when, RESOLUTION_DIGITS), callback, *args, context=context)

    def select(self, timeout: float | None) -> list[Any]:
        """Stand in for a selector: instead of waiting, let the time pass."""
        if self._end is not None and timeout != 0 and (timeout is None or self._scheduled[0].when() > self._end):
            raise _Enough
        if timeout is None:
            raise SimDeadlock("every task waits for something that nobody will ever do")
        if timeout > 0:
            # To the timer itself, not by a difference: sums of floats would depend on the way there.
            self._now = self._scheduled[0].when()
        return []

    def _process_events(self, event_list: list[Any]) -> None:
        assert not event_list

    def _write_to_self(self) -> None:
        """Nothing sleeps, so that nothing has to be woken."""

    def _run_aside(self) -> None:
        """Run until stopped, with the loop and the task that are running now put aside."""
        outer = events._get_running_loop()
        outer_task = None if outer is None else asyncio.current_task(outer)
        if outer is not None and outer_task is not None:
            tasks._leave_task(outer, outer_task)
        events._set_running_loop(None)
        try:
            self.run_forever()
        finally:
            events._set_running_loop(outer)
            if outer is not None and outer_task is not None:
                tasks._enter_task(outer, outer_task)


_DISCARD_ROUNDS = 20
"""A task may wait again while it is being cancelled, but not for ever."""


def _call_of(handle: asyncio.Handle) -> Callable[[], object]:
    callback = cast("Callable[..., object]", handle._callback)  # type: ignore[attr-defined]
    args = cast("tuple[Any, ...]", handle._args)
    context = cast("Context", handle._context)  # type: ignore[attr-defined]
    return lambda: context.run(callback, *args)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
