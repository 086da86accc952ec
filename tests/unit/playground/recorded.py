"""What the application answers to the script: `python -m tests.unit.playground.recorded` records it anew."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from alerting_api.app import create_app
from alerting_playground.asgi import Answer, Request, ask
from tests.unit.playground.script import play
from tests.unit.playground.world import ADMIN_KEY, make_world

RECORDED: Final = Path(__file__).with_name("answers.json")


async def answers() -> list[dict[str, Any]]:
    """Put the script to the application in this process, and return what it answers."""
    world = await make_world()
    app = create_app(world.container)

    async def put(request: Request) -> Answer:
        headers = {**request.headers, "Authorization": f"Bearer {ADMIN_KEY}"}
        return await ask(app, replace(request, headers=headers))

    return [one async for one in play(world, put)]


def read() -> list[dict[str, Any]]:
    """Return the answers as they were recorded."""
    recorded: list[dict[str, Any]] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return recorded


if __name__ == "__main__":
    RECORDED.write_text(json.dumps(asyncio.run(answers()), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
