"""The recorded answers are those that the server gives now."""

from tests.playground.recorded import RECORDED, answers_of_the_server, written


async def test_the_server_still_answers_what_was_recorded() -> None:
    recorded = RECORDED.read_text(encoding="utf-8")
    assert written(await answers_of_the_server()) == recorded, "to record anew: python -m tests.playground.recorded"
