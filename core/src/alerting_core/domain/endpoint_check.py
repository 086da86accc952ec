"""Everything about an endpoint is checked when it is saved, so that nothing is found wrong when an alert comes."""

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, cast

from alerting_core import limits
from alerting_core.domain import endpoint
from alerting_core.domain.text import check_note, check_text, has_control_characters
from alerting_core.errors import Problem, ProblemCode

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


_TYPES: Final = tuple(str(each) for each in endpoint.EndpointType)

_FORMATS: Final = tuple(str(each) for each in endpoint.EndpointFormat)

_KNOWN_GOOD: Final = {
    endpoint.EndpointType.EMAIL: "a@b.io",
    endpoint.EndpointType.SLACK: "https://a.io/",
    endpoint.EndpointType.WEBHOOK: "https://a.io/",
}
"""A value that passes every check, in the place of one that is not to be checked."""


def check_draft(draft: endpoint.EndpointDraft) -> tuple[Problem, ...]:
    """Return all that is wrong with *draft*; empty when the endpoint can be stored and delivered to."""
    problems = check_endpoint(draft.type, draft.value, draft.headers, draft.secret)
    return (*problems, *_description_problems(draft), *_format_problems(draft.type, draft.format))


def check_change(stored: endpoint.Endpoint, change: endpoint.EndpointChange) -> tuple[Problem, ...]:
    """Return all that is wrong with *change* of *stored*."""
    return tuple(_change_problems(stored, change))


def _change_problems(stored: endpoint.Endpoint, change: endpoint.EndpointChange) -> Iterator[Problem]:
    if change.type not in {None, str(stored.type)}:
        detail = f"is {stored.type} and cannot be changed: create another endpoint"
        yield Problem("type", ProblemCode.UNKNOWN_VALUE, detail)
    # What is not changed is not checked again: it must be possible to switch off what an older version let in.
    value = _KNOWN_GOOD[stored.type] if change.value is None else change.value
    yield from check_endpoint(str(stored.type), value, change.headers, change.secret)
    yield from _description_problems(change)
    yield from _format_problems(str(stored.type), change.format)


def _description_problems(given: endpoint.EndpointDraft | endpoint.EndpointChange) -> Iterable[Problem]:
    return check_note("description", given.description, chars_max=limits.DESCRIPTION_CHARS_MAX, one_line=False)


def _format_problems(kind: object, form: str | None) -> Iterator[Problem]:
    if form is None:
        return
    if form not in _FORMATS:
        yield Problem("format", ProblemCode.UNKNOWN_VALUE, f"must be one of {', '.join(_FORMATS)}")
    elif form != endpoint.EndpointFormat.PLATFORM and kind != endpoint.EndpointType.WEBHOOK:
        yield Problem("format", ProblemCode.UNKNOWN_VALUE, "only a webhook has another format than `platform`")


def check_endpoint(type: object, value: object, headers: object, secret: object) -> tuple[Problem, ...]:  # noqa: A002
    """Return all that is wrong with an endpoint; empty when it can be stored and delivered to.

    Args:
        type: `email`, `slack` or `webhook`.
        value: Addresses separated by commas (email), or a URL.
        headers: Extra headers of a webhook; None for none.
        secret: The signing secret of a webhook; None to have one made.

    Which IP addresses may be connected to is the operator's policy, and is decided when connecting.
    """
    return tuple(_problems(type, value, headers, secret))


def _problems(kind: object, value: object, headers: object, secret: object) -> Iterator[Problem]:
    known = endpoint.EndpointType(kind) if isinstance(kind, str) and kind in _TYPES else None
    if known is None:
        code = ProblemCode.UNKNOWN_VALUE if isinstance(kind, str) else ProblemCode.WRONG_TYPE
        yield Problem("type", code, f"must be one of {', '.join(_TYPES)}")
    yield from _check_value(known, value)
    if headers is not None:
        yield from check_headers(headers)
        if headers and known not in {endpoint.EndpointType.WEBHOOK, None}:
            yield Problem("headers", ProblemCode.UNKNOWN_FIELD, "only a webhook has headers of its own")
    if secret is not None:
        yield from check_secret(secret)
        if known not in {endpoint.EndpointType.WEBHOOK, None}:
            yield Problem("secret", ProblemCode.UNKNOWN_FIELD, "only a webhook has a secret")


def _check_value(known: endpoint.EndpointType | None, value: object) -> Iterator[Problem]:
    yield from check_text("value", value, chars_max=limits.ENDPOINT_VALUE_CHARS_MAX)
    # What is far too long is not looked at any closer: the work would grow with what anybody may send.
    if not isinstance(value, str) or not value.strip() or len(value) > limits.ENDPOINT_VALUE_CHARS_MAX:
        return
    match known:
        case endpoint.EndpointType.EMAIL:
            yield from _check_addresses(value)
        case endpoint.EndpointType.SLACK | endpoint.EndpointType.WEBHOOK:
            yield from (Problem("value", ProblemCode.INVALID_URL, detail) for detail in endpoint.url_problems(value))
        case None:
            return


def _check_addresses(value: str) -> Iterator[Problem]:
    if has_control_characters(value):
        yield Problem("value", ProblemCode.CONTROL_CHARACTER, "must not hold line breaks or other control characters")
    addresses = endpoint.split_addresses(value)
    if not addresses:
        yield Problem("value", ProblemCode.EMPTY, "must hold at least one e-mail address")
    if len(addresses) > limits.ADDRESSES_PER_ENDPOINT_MAX:
        detail = f"has {len(addresses)} addresses, at most {limits.ADDRESSES_PER_ENDPOINT_MAX} are allowed"
        yield Problem("value", ProblemCode.TOO_MANY, detail)
    for address in addresses:
        if endpoint.read_address(address) is None:
            shown = address if len(address) <= 60 else f"{address[:60]}…"
            detail = f"{shown!a} is not an e-mail address of the form name@domain"
            yield Problem("value", ProblemCode.INVALID_ADDRESS, detail)
