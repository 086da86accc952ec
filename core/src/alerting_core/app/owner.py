"""Whose objects a call is about."""

from alerting_core.errors import InvalidInput, NotFound
from alerting_core.ports.paging import Scope
from alerting_core.problem import Problem, ProblemCode


def owner_of(scope: Scope, client_id: str | None) -> str:
    """Return the client that a call is about: the one named, or else the caller's own.

    Raises:
        NotFound: A client names another one: for it, there is no such client.
        InvalidInput: An operator names none.
    """
    if client_id is None and scope is None:
        detail = "name the client: an operator's key is not bound to one"
        raise InvalidInput([Problem("client_id", ProblemCode.MISSING, detail)])
    if client_id is None or client_id == scope:
        assert scope is not None
        return scope
    if scope is not None:
        raise NotFound("there is no such client")
    return client_id
