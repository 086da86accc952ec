"""The bridge answers what the server answered when it was recorded, here and in the browser's Python, byte by byte."""

import json
from pathlib import Path

from alerting_playground.asgi import Answer, Request
from alerting_playground.http.router import answer
from tests.unit.playground.script import play
from tests.unit.playground.world import make_world


async def test_the_bridge_gives_the_recorded_answers_of_the_server() -> None:
    recorded = json.loads(Path(__file__).with_name("answers.json").read_text(encoding="utf-8"))
    world = await make_world()

    async def ask(request: Request) -> Answer:
        return await answer(world.parts, request)

    answered = [one async for one in play(world, ask)]
    assert len(answered) == len(recorded)
    for one, of_the_server in zip(answered, recorded, strict=True):
        assert one == of_the_server, "if the server has changed: python -m tests.playground.recorded"
