"""`Idempotency-Key` on POST: what a key may look like, and what is answered to a request that came before."""

from typing import Final, NoReturn

from alerting_core import limits
from alerting_core.api.problem_kinds import ProblemKind
from alerting_core.api.refusal import Refusal
from alerting_core.errors import InvalidInput
from alerting_core.ports.idempotency import Different, Running
from alerting_core.problem import Problem, ProblemCode

KEY_HEADER: Final = "Idempotency-Key"
REPLAYED_HEADER: Final = "Idempotency-Replayed"

KEPT_HEADERS: Final = ("content-type", "location", "etag")
"""Headers of an answer that are kept with it, to be answered again."""


def require_key(key: str) -> None:
    """Raise InvalidInput for what cannot be an Idempotency-Key."""
    if not 1 <= len(key) <= limits.ID_CHARS_MAX or any(not 0x21 <= ord(c) <= 0x7E for c in key):
        detail = f"must have 1 to {limits.ID_CHARS_MAX} visible ASCII characters"
        raise InvalidInput([Problem(KEY_HEADER, ProblemCode.INVALID_HEADER, detail)])


def refuse_repetition(found: Running | Different) -> NoReturn:
    """Refuse a request whose key is taken."""
    if isinstance(found, Running):
        detail = "the same request is being worked on; ask again in a moment"
        raise Refusal(ProblemKind.REQUEST_IN_PROGRESS, detail, headers={"Retry-After": "1"})
    detail = "this Idempotency-Key came with another request before; take a new one"
    raise Refusal(ProblemKind.IDEMPOTENCY_KEY_REUSED, detail)
