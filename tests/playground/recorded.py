"""What the server answers to the script of `tests/unit/playground`: `python -m tests.playground.recorded` records it.

The record is what the bridge is held to where there is no server, in the browser's Python above all.
"""

import asyncio
import json
from pathlib import Path
from typing import Any, Final

from httpx import ASGITransport, AsyncClient

from alerting_backend.api.app import create_app
from alerting_backend.api.container import Container
from alerting_playground.asgi import Answer, Request
from tests.playground.twins import without_uses
from tests.unit.playground.script import play
from tests.unit.playground.world import ADMIN_KEY, World, make_world

RECORDED: Final = Path(__file__).parents[1] / "unit" / "playground" / "answers.json"


async def answers_of_the_server() -> list[dict[str, Any]]:
    """Put the script to the server's application, and return what it answers."""
    world = await make_world()
    transport = ASGITransport(create_app(_container(world)), raise_app_exceptions=False)
    key = {"Authorization": f"Bearer {ADMIN_KEY}"}
    async with AsyncClient(transport=transport, base_url="http://test", headers=key) as http:

        async def ask(request: Request) -> Answer:
            url = request.path + (f"?{request.query}" if request.query else "")
            served = await http.request(request.method, url, headers=dict(request.headers), content=request.body)
            return Answer(served.status_code, dict(served.headers), without_uses(served.content))

        return [one async for one in play(world, ask)]


def _container(world: World) -> Container:
    parts = world.parts
    return Container(
        use=parts.use,
        clock=parts.clock,
        keys=world.ports.keys,
        idempotency=parts.idempotency,
        jobs=parts.jobs,
        dead_letters=parts.dead_letters,
        dashboard=parts.dashboard,
        stages=world.stages,
    )


def written(answers: list[dict[str, Any]]) -> str:
    """Return *answers* as they are kept."""
    return json.dumps(answers, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    RECORDED.write_text(written(asyncio.run(answers_of_the_server())), encoding="utf-8")
