"""The border to the library: what goes wrong with Redis leaves as `PortUnavailable`."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from redis.exceptions import AuthenticationError, AuthenticationWrongNumberOfArgsError, RedisError

from alerting_core.errors import PortUnavailable

RESOURCE: Final = "redis"

_URL: Final = "ALERTING_REDIS_URL"


@contextmanager
def border(operation: str) -> Iterator[None]:
    """Turn errors of the library and of the network within into `PortUnavailable`, naming *operation*.

    What Redis refuses (no memory left, a replica, a right that is not given) is among them: an operator mends that
    while evaluators go on with the rules they have, and nothing that a client sends can cause it.
    """
    try:
        yield
    except (OSError, RedisError) as error:  # TimeoutError is an OSError.
        raise PortUnavailable(RESOURCE, operation=operation, detail=_describe(error)) from error


def _describe(error: Exception) -> str:
    """Return the first line of what *error* says, and how the setting mends it where it does."""
    said = str(error).partition("\n")[0] or type(error).__name__
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):  # The library wraps what TLS says.
        cause = cause.__cause__ or cause.__context__
    match cause or error:
        case ssl.SSLCertVerificationError(verify_message=why):
            return f"its certificate is not trusted: {why} (ssl_ca_certs in {_URL})"
        case ssl.SSLError():
            return f"{said} ({_URL})"
        case AuthenticationError() | AuthenticationWrongNumberOfArgsError():
            return f"{said} (user and password in {_URL})"
        case _:
            return said
