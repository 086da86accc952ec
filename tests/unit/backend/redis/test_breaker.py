"""How long a Redis that is away is left alone."""

import pytest

from alerting_backend.adapters.redis.connection import COOL_DOWN_MS_MAX, COOL_DOWN_MS_MIN, RedisBreaker
from alerting_core.errors import PortUnavailable
from alerting_core.memory.database import MemoryClock


class Server:
    """A server that is away or not, and how often it was asked."""

    def __init__(self, **options: int) -> None:
        self.clock, self.asked, self.away = MemoryClock(), 0, True
        self.breaker = RedisBreaker(clock_ms=self.clock.monotonic_ms, **options)

    def ask(self) -> None:
        with self.breaker.question():
            self.asked += 1
            if self.away:
                raise PortUnavailable("redis", operation="ask", detail="refused")

    def fails(self) -> int:
        """Ask in vain; return whether the server was asked."""
        before = self.asked
        with pytest.raises(PortUnavailable):
            self.ask()
        return self.asked - before


def test_a_server_that_failed_is_left_alone_for_longer_each_time_up_to_two_seconds() -> None:
    server, waits_ms = Server(), list[int]()
    assert server.fails() == 1
    for _ in range(6):
        waited_ms = 0
        while not server.fails():
            server.clock.advance(COOL_DOWN_MS_MIN)
            waited_ms += COOL_DOWN_MS_MIN
        waits_ms.append(waited_ms)
    assert waits_ms == [250, 500, 1_000, 2_000, 2_000, COOL_DOWN_MS_MAX]


def test_while_it_is_left_alone_the_error_before_is_the_cause() -> None:
    server = Server()
    server.fails()
    with pytest.raises(PortUnavailable, match="a moment ago") as refused:
        server.ask()
    assert isinstance(refused.value.__cause__, PortUnavailable)
    assert "refused" in refused.value.__cause__.detail


def test_an_answer_ends_all_waiting() -> None:
    server = Server()
    server.fails()
    server.clock.advance(COOL_DOWN_MS_MIN)
    server.away = False
    server.ask()
    server.away = True
    assert server.fails() == 1
    server.clock.advance(COOL_DOWN_MS_MIN)
    assert server.fails() == 1, "the first cool-down is the short one again"


def test_an_error_that_is_not_the_servers_says_nothing_of_it() -> None:
    server = Server()
    with pytest.raises(ZeroDivisionError), server.breaker.question():
        _ = 1 / 0
    assert server.fails() == 1


def test_a_cool_down_of_nothing_asks_every_time() -> None:
    server = Server(cool_down_ms_max=0)
    assert [server.fails() for _ in range(3)] == [1, 1, 1]
