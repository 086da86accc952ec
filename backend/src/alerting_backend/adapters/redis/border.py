"""The border to the library: what goes wrong with Redis leaves as `PortUnavailable`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from redis.exceptions import RedisError

from alerting_core.errors import PortUnavailable

RESOURCE: Final = "redis"


@contextmanager
def border(operation: str) -> Iterator[None]:
    """Turn errors of the library and of the network within into `PortUnavailable`, naming *operation*.

    What Redis refuses (no memory left, a replica, a right that is not given) is among them: an operator mends that
    while evaluators go on with the rules they have, and nothing that a client sends can cause it.
    """
    try:
        yield
    except (OSError, RedisError) as error:  # TimeoutError is an OSError.
        detail = str(error).partition("\n")[0] or type(error).__name__
        raise PortUnavailable(RESOURCE, operation=operation, detail=detail) from error
