"""Whose mail leaves next: how fast mails may leave, how many at once, and fair turns between clients before both."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeAlias


class TokenBucket:
    """Spaces out takers so that no more than a rate pass, after an initial burst. Takes the time as an argument.

    The state is one number, the time at which the bucket would be full again.

    Args:
        per_second: Tokens that come back each second; 0 for no limit.
        burst: Tokens in a full bucket; at least 1.
    """

    def __init__(self, per_second: float, *, burst: int = 1) -> None:
        """Start full."""
        assert per_second >= 0, "a rate cannot be negative"
        assert burst >= 1, "a bucket that holds no token lets nobody pass"
        self.step_ms = 1_000 / per_second if per_second else 0.0
        self._burst = burst
        self._full_at_ms = 0.0

    def wait_ms(self, *, now_ms: float) -> float:
        """Return in how many milliseconds there is a token; 0 when there is one."""
        return max(0.0, self._full_at_ms - now_ms - (self._burst - 1) * self.step_ms)

    def take(self, *, now_ms: float) -> bool:
        """Take a token, if there is one."""
        if self.wait_ms(now_ms=now_ms):
            return False
        self._full_at_ms = max(self._full_at_ms, now_ms) + self.step_ms
        return True


_Turn: TypeAlias = "asyncio.Future[None]"

TIMER_MS_MIN: Final = 1.0
"""A timer that is rounded down would come before the token, and again at once."""


class MailTurns:
    """The mails of all clients before one provider.

    Clients take turns, and each one's mails leave in their order: a mail of one client waits for one of each other
    client that has some waiting, and not for all that another one has.

    Args:
        per_second: How many may leave; 0 for no limit.
        burst: How many at once after a pause.
        at_once: How many may be under way.
        clock_ms: A clock that never goes back.
    """

    def __init__(self, per_second: float, *, burst: int, at_once: int, clock_ms: Callable[[], float]) -> None:
        """Have nobody waiting."""
        self._bucket = TokenBucket(per_second, burst=burst)
        self._free = at_once
        self._clock_ms = clock_ms
        self._waiting: OrderedDict[str, deque[_Turn]] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def turn(self, client_id: str, *, wait_ms_max: float) -> AsyncIterator[bool]:
        """Wait for the turn of a mail, and hold it until the block is left; False when it is too far away.

        Args:
            client_id: Whose mail it is.
            wait_ms_max: How long is waited for it; not at all when those of the same client alone take longer.
        """
        own = self._waiting.get(client_id, ())
        soonest_ms = self._bucket.wait_ms(now_ms=self._clock_ms()) + len(own) * self._bucket.step_ms
        if soonest_ms > wait_ms_max or not await self._wait(client_id, wait_ms_max):
            yield False
            return
        try:
            yield True
        finally:
            self._free += 1
            self._give()

    async def _wait(self, client_id: str, wait_ms_max: float) -> bool:
        turn: _Turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(client_id, deque()).append(turn)
        self._give()
        try:
            async with asyncio.timeout(wait_ms_max / 1_000):
                await turn
        except TimeoutError:
            return self._was_given(turn)
        except asyncio.CancelledError:
            if self._was_given(turn):
                self._free += 1
                self._give()
            raise
        finally:
            self._leave(client_id, turn)
        return True

    def _next_client(self) -> str | None:
        """Return whose turn it is; drop what waits no more."""
        while self._waiting:
            client_id, line = next(iter(self._waiting.items()))
            while line and line[0].done():
                line.popleft()
            if line:
                return client_id
            del self._waiting[client_id]
        return None

    def _was_given(self, turn: _Turn) -> bool:
        return turn.done() and not turn.cancelled()

    def _leave(self, client_id: str, turn: _Turn) -> None:
        line = self._waiting.get(client_id)
        if line is not None and turn in line:
            line.remove(turn)
            if not line:
                del self._waiting[client_id]

    def _give(self) -> None:
        """Give turns as long as there are slots and tokens, and look again when there is the next token."""
        now_ms = self._clock_ms()
        while self._free and (client_id := self._next_client()) is not None and self._bucket.take(now_ms=now_ms):
            self._free -= 1
            self._waiting[client_id].popleft().set_result(None)
            self._waiting.move_to_end(client_id)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting and self._free:
            wait_ms = max(TIMER_MS_MIN, self._bucket.wait_ms(now_ms=now_ms))
            self._timer = asyncio.get_running_loop().call_later(wait_ms / 1_000, self._give)
