"""From a request to the operation that answers it."""

from alerting_playground.http.message import Answer, Request
from alerting_playground.http.parts import Parts


async def answer(parts: Parts, request: Request) -> Answer:
    """Answer *request* as the platform's API would answer an operator. Never raises for what a request holds."""
    assert parts.clock is not None
    return Answer(404)
