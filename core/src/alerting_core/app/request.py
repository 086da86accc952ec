"""What every use case does with a request: whose objects it is about, and read, change, write back."""

from collections.abc import Awaitable, Callable
from typing import Final, Protocol, TypeVar

from alerting_core.errors import InvalidInput, NotFound, Problem, ProblemCode, VersionConflict
from alerting_core.ports.paging import Scope


def client_of_call(scope: Scope, client_id: str | None) -> str:
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


class Versioned(Protocol):
    """Something with a version that grows with each change."""

    @property
    def version(self) -> int:
        """1 when created, one more with each change."""
        ...


V = TypeVar("V", bound=Versioned)

_TRIES_MAX: Final = 5
"""Each lost try means that somebody else's succeeded; five in a row means a contest that the caller must settle."""


async def retry_on_version_conflict(
    read: Callable[[], Awaitable[V]],
    write: Callable[[V, int], Awaitable[V]],
    *,
    expected_version: int | None,
) -> V:
    """Change what is stored by *write*(what was read, the version it must still have).

    With an *expected_version* there is one try, and VersionConflict when another version is stored. Without, a change
    in between makes it read and try again.
    """
    if expected_version is not None:
        return await write(await read(), expected_version)
    for _ in range(_TRIES_MAX - 1):
        current = await read()
        try:
            return await write(current, current.version)
        except VersionConflict:
            continue
    current = await read()
    return await write(current, current.version)
