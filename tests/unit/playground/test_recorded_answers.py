"""The application answers what it was recorded to answer, here and in the browser's Python, byte by byte."""

from tests.unit.playground.recorded import answers, read


async def test_the_application_gives_the_recorded_answers() -> None:
    answered, recorded = await answers(), read()
    assert len(answered) == len(recorded)
    for one, other in zip(answered, recorded, strict=True):
        assert one == other, "if it is meant to change: python -m tests.unit.playground.recorded"
