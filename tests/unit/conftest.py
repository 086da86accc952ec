"""What unit tests need where pytest has no plug-ins: a loop for async tests, and what to leave out.

The browser's own loop cannot be waited for from synchronous code. Nothing in these tests waits for the outside
world, so that a loop without a selector does.
"""

import asyncio
import inspect
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

Result = TypeVar("Result")

_IN_THE_BROWSER = sys.platform == "emscripten"


class _NothingOutside:
    """Stands where a loop has its selector: there are no sockets to wait for."""

    def select(self, timeout: float | None) -> list[Any]:
        assert timeout is not None, "the test waits for something that never happens"
        return []

    def close(self) -> None:
        pass


class _ClosedLoop(asyncio.BaseEventLoop):
    """An event loop that runs callbacks and timers, and nothing else. Its clock jumps to the next timer."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = _NothingOutside()
        self._seconds = 0.0

    def time(self) -> float:
        return self._seconds

    def _process_events(self, event_list: list[Any]) -> None:
        assert not event_list

    def _write_to_self(self) -> None:
        pass

    def _run_once(self) -> None:
        scheduled = self._scheduled  # type: ignore[attr-defined]
        if scheduled and not self._ready:  # type: ignore[attr-defined]
            self._seconds = max(self._seconds, scheduled[0].when())
        super()._run_once()  # type: ignore[misc]


def run_without_outside(test: Coroutine[Any, Any, Result]) -> Result:
    """Run *test* to its end on a loop of its own, also from inside a running loop (the browser's never stops)."""
    outer = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    loop = _ClosedLoop()
    try:
        return loop.run_until_complete(test)
    finally:
        loop.run_until_complete(_drop_tasks())
        loop.close()
        asyncio._set_running_loop(outer)


async def _drop_tasks() -> None:
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if pyfuncitem.config.pluginmanager.hasplugin("asyncio") or not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = inspect.signature(pyfuncitem.obj).parameters
    run_without_outside(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in wanted}))
    return True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _IN_THE_BROWSER and item.get_closest_marker("needs_cpython"):
            item.add_marker(pytest.mark.skip(reason="the browser's Python has no threads, processes or sockets"))
