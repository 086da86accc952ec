"""The loop that async tests of the core run on where pytest has no plug-ins."""

import asyncio

import pytest

from tests.unit.conftest import run_without_outside


async def _wait_in_order() -> list[str]:
    told: list[str] = []

    async def emit(word: str, *, after_seconds: float) -> None:
        await asyncio.sleep(after_seconds)
        told.append(word)

    await asyncio.gather(emit("late", after_seconds=3_600), emit("early", after_seconds=60))
    return told


def test_timers_fire_in_order_without_waiting_for_them() -> None:
    assert run_without_outside(_wait_in_order()) == ["early", "late"]


def test_a_wait_for_nothing_is_an_error_and_does_not_hang() -> None:
    with pytest.raises(AssertionError, match="never happens"):
        run_without_outside(asyncio.Event().wait())


async def test_an_async_test_is_run_everywhere() -> None:
    event = asyncio.Event()
    asyncio.get_running_loop().call_soon(event.set)
    assert await event.wait()
