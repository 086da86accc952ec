"""Read, change, write back, without losing what somebody else changed in between."""

from collections.abc import Awaitable, Callable
from typing import Final, Protocol, TypeVar

from alerting_core.errors import VersionConflict


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
