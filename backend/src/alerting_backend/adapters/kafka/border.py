"""The border to the library: what goes wrong with Kafka leaves as `PortUnavailable`."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

from aiokafka.errors import KafkaError

from alerting_core.errors import PortUnavailable

RESOURCE: Final = "kafka"


@contextmanager
def border(operation: str) -> Iterator[None]:
    """Turn errors of the library and of the network within into `PortUnavailable`, naming *operation*.

    What Kafka refuses for good (a missing topic, a right that is not given) is among them: an operator mends that
    while the work waits, and nothing that a client sends can cause it. The library also lets out the cancellation of
    its own tasks, which must not end the one that called it.
    """
    try:
        yield
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise PortUnavailable(RESOURCE, operation=operation, detail="the client was closed") from error
    except (OSError, KafkaError) as error:  # TimeoutError is an OSError.
        raise PortUnavailable(RESOURCE, operation=operation, detail=describe(error)) from error


@asynccontextmanager
async def bounded_border(operation: str, seconds_max: float) -> AsyncIterator[None]:
    """Do as `border`, and give up after *seconds_max*."""
    try:
        with border(operation):
            async with asyncio.timeout(seconds_max):
                yield
    except PortUnavailable as error:
        if isinstance(error.__cause__, TimeoutError):
            detail = f"no answer within {seconds_max:g} s"
            raise PortUnavailable(RESOURCE, operation=operation, detail=detail) from error.__cause__
        raise


async def finish(closing: Coroutine[Any, Any, None], *, seconds_max: float) -> None:
    """Run what closes something of the library, whatever comes of it, for *seconds_max* at the most."""
    task = asyncio.create_task(closing)
    await asyncio.wait([task], timeout=seconds_max)
    if not task.done():
        task.cancel()
    elif not task.cancelled():
        task.exception()  # It is of no use to anybody: what was open is given up.


def describe(error: Exception) -> str:
    """Return the first line of what *error* says, or its name."""
    return str(error).partition("\n")[0] or type(error).__name__
