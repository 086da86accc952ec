"""The unit of isolation. A client owns rules, endpoints and notifications; no client sees another's."""

from dataclasses import dataclass

from alerting_core import limits
from alerting_core.domain.text import check_id, check_text
from alerting_core.problem import Problem


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
        *check_id("client_id", client_id, chars_max=limits.ID_CHARS_MAX),
        *check_text("name", name, chars_max=limits.ID_CHARS_MAX),
    )
