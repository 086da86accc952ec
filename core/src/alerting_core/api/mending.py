"""How a request asks for a dead letter to be mended as it is replayed, and is told what is wrong with that."""

from base64 import b64decode
from collections.abc import Iterator, Mapping

from alerting_core.api import findings
from alerting_core.app.dead_letters import Letters
from alerting_core.app.mend import Mending
from alerting_core.errors import InvalidInput
from alerting_core.ports.dead_letters import DeadLetter
from alerting_core.problem import Problem, ProblemCode


def check_mending(set_: Mapping[str, str] | None, value_base64: str | None) -> Iterator[Problem]:
    """Yield what is wrong with the form of a mending, by the fields `set` and `value_base64` of the request."""
    if set_ and value_base64 is not None:
        yield Problem("value_base64", ProblemCode.TOO_MANY, "mend by `set` or by `value_base64`, not by both")
    elif value_base64 is not None and _bytes_in(value_base64) is None:
        yield Problem("value_base64", ProblemCode.UNDECODABLE, "must be base64, with + and / and padded by =")


def read_mending(set_: Mapping[str, str] | None, value_base64: str | None) -> Mending:
    """Return what a request asks for in which `check_mending` found nothing wrong."""
    return Mending(set_ or {}, None if value_base64 is None else _bytes_in(value_base64))


async def replay_mended(letters: Letters, letter_id: str, mending: Mending) -> DeadLetter:
    """Do `Letters.replay`; what is wrong with a mended letter is placed where the request can say it better."""
    try:
        return await letters.replay(letter_id, mending)
    except InvalidInput as error:
        place = "set" if mending.value is None else "value_base64"
        raise InvalidInput([findings.placed(problem, place) for problem in error.problems], error.detail) from None


def _bytes_in(text: str) -> bytes | None:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return None
