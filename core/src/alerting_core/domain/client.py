"""The unit of isolation. A client owns rules, endpoints and notifications; no client sees another's."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from alerting_core import limits
from alerting_core.domain.text import check_id, check_text
from alerting_core.problem import Problem, ProblemCode

_STEPS_OF_A_PATH: Final = frozenset({".", ".."})
"""What RFC 3986, section 5.2.4 takes out of an address, escaped or not: browsers never ask for such a client."""


@dataclass(frozen=True, slots=True)
class Client:
    """One tenant.

    Attributes:
        client_id: Chosen by the operator, 1 to 255 characters, never changes.
        name: For people.
    """

    client_id: str
    name: str
    created_at_ms: int
    updated_at_ms: int


def check_client(client_id: object, name: object) -> tuple[Problem, ...]:
    """Return all that is wrong with a new client; empty when it can be stored."""
    return (
        *check_new_client_id("client_id", client_id),
        *check_text("name", name, chars_max=limits.ID_CHARS_MAX),
    )


def check_new_client_id(path: str, client_id: object) -> Iterator[Problem]:
    """Yield what keeps *client_id* from being the id of a new client.

    Stricter than what streams take for the id of a client: one that is there already stays as it is.
    """
    yield from check_id(path, client_id, chars_max=limits.ID_CHARS_MAX)
    if isinstance(client_id, str) and client_id in _STEPS_OF_A_PATH:
        detail = "must not be . or .. alone: in an address these are steps, so that no browser could open the client"
        yield Problem(path, ProblemCode.RESERVED, detail)
