"""What is checked of a webhook beyond its URL: the client's own headers and the signing secret."""

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from typing import Final, cast

from alerting_core import limits
from alerting_core.problem import Problem, ProblemCode

SECRET_PREFIX: Final = "whsec_"
"""What the Standard Webhooks specification puts before the base64 of a symmetric secret."""

RESERVED_HEADERS: Final = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that frame or describe the request: one from outside could smuggle a second request into the first. No
endpoint may choose one, and no transport sends one that it was given, but for the one that says what the body is."""

CONTENT_TYPE: Final = "content-type"
"""The one of them that the platform writes into a message itself."""

RESERVED_HEADER_PREFIX: Final = "webhook-"
"""The signature's own headers."""

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD_VALUE: Final = re.compile(r"(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?")


def check_headers(headers: object) -> Iterator[Problem]:
    """Yield what is wrong with the extra headers of a webhook: names (RFC 9110 tokens), values, doubles, number."""
    if not isinstance(headers, Mapping):
        yield Problem("headers", ProblemCode.WRONG_TYPE, "expected an object of header names and values")
        return
    entries = cast(Mapping[object, object], headers)
    if len(entries) > limits.HEADERS_PER_ENDPOINT_MAX:
        detail = f"has {len(entries)} headers, at most {limits.HEADERS_PER_ENDPOINT_MAX} are allowed"
        yield Problem("headers", ProblemCode.TOO_MANY, detail)
        return
    seen: set[str] = set()
    for name, value in entries.items():
        yield from _check_header(name, value)
        if isinstance(name, str):
            if name.lower() in seen:
                detail = "is there twice; upper and lower case make no difference"
                yield Problem(_path(name), ProblemCode.INVALID_HEADER, detail)
            seen.add(name.lower())


def _path(name: str) -> str:
    return f"headers.{name[:40]}"


def _check_header(name: object, value: object) -> Iterator[Problem]:
    if not isinstance(name, str) or not isinstance(value, str):
        path = _path(name) if isinstance(name, str) else "headers"
        yield Problem(path, ProblemCode.WRONG_TYPE, "expected text for a header's name and value")
        return
    path = _path(name)
    if not _TOKEN.fullmatch(name):
        detail = "a header's name may hold only letters, digits and any of ! # $ % & ' * + - . ^ _ ` | ~"
        yield Problem(path, ProblemCode.INVALID_HEADER, detail)
    elif name.lower() in RESERVED_HEADERS or name.lower().startswith(RESERVED_HEADER_PREFIX):
        yield Problem(path, ProblemCode.INVALID_HEADER, "is set by the platform and cannot be chosen")
    if not _FIELD_VALUE.fullmatch(value):
        detail = "a header's value may hold only printable ASCII, with no blank at either end"
        yield Problem(path, ProblemCode.INVALID_HEADER, detail)
    if max(len(name), len(value)) > limits.HEADER_CHARS_MAX:
        detail = f"a header's name and value have at most {limits.HEADER_CHARS_MAX} characters each"
        yield Problem(path, ProblemCode.TOO_LONG, detail)


def check_secret(secret: object) -> Iterator[Problem]:
    """Yield what keeps *secret* from being a signing secret: `whsec_` and the base64 of 24 to 64 bytes."""
    if not isinstance(secret, str):
        yield Problem("secret", ProblemCode.WRONG_TYPE, f"expected text, got {type(secret).__name__}")
        return
    key = secret_key(secret)
    if key is None or not limits.SECRET_BYTES_MIN <= len(key) <= limits.SECRET_BYTES_MAX:
        size = f"{limits.SECRET_BYTES_MIN} to {limits.SECRET_BYTES_MAX} bytes"
        detail = f"must be {SECRET_PREFIX} followed by the base64 of {size}; leave it out to have one made"
        yield Problem("secret", ProblemCode.INVALID_SECRET, detail)


def secret_key(secret: str) -> bytes | None:
    """Return the bytes that sign, or None when *secret* is not of the form `whsec_` and base64."""
    encoded = secret.removeprefix(SECRET_PREFIX)
    # No need to decode what is far too long; each three bytes are four characters.
    if encoded == secret or len(encoded) > 2 * limits.SECRET_BYTES_MAX:
        return None
    try:
        return b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None


def new_secret(random_bytes: bytes) -> str:
    """Return the signing secret made of *random_bytes*, of which there must be 24 to 64."""
    assert limits.SECRET_BYTES_MIN <= len(random_bytes) <= limits.SECRET_BYTES_MAX
    return SECRET_PREFIX + b64encode(random_bytes).decode()
