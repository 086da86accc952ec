"""Health and readiness."""

import asyncio
from typing import Any

from alerting_backend.api import probes
from alerting_core.errors import PortUnavailable
from tests.api.backing_memory import MemoryBacking
from tests.api.world import make_world


async def _answers() -> None:
    return


async def _is_away() -> None:
    raise PortUnavailable("postgres", operation="ping", detail="password=hunter2")


async def _hangs() -> None:
    await asyncio.Event().wait()


async def _get(path: str, **checks: Any) -> tuple[int, Any]:
    world = await make_world(MemoryBacking(), checks=checks)
    async with world.http(None) as http:
        answer = await http.get(path)
        return answer.status_code, answer.json()


async def test_a_process_that_serves_is_alive_whatever_is_away() -> None:
    assert await _get("/healthz", postgres=_is_away) == (200, {"status": "alive"})


async def test_it_is_ready_when_everything_answers() -> None:
    ok = {"name": "postgres", "ok": True, "reason": None}
    assert await _get("/readyz", postgres=_answers) == (200, {"ready": True, "checks": [ok]})


async def test_it_says_which_dependency_fails(monkeypatch: Any) -> None:
    monkeypatch.setattr(probes, "CHECK_S_MAX", 0.01)
    status, body = await _get("/readyz", pipeline=_answers, postgres=_is_away, broker=_hangs)
    assert status == 503
    assert body == {
        "ready": False,
        "checks": [
            {"name": "pipeline", "ok": True, "reason": None},
            {"name": "postgres", "ok": False, "reason": "unavailable"},
            {"name": "broker", "ok": False, "reason": "timed-out"},
        ],
    }
