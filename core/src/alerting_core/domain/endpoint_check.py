"""Everything about an endpoint is checked when it is saved, so that nothing is found wrong only when an alert comes."""

from collections.abc import Iterator
from typing import Final

from alerting_core import limits
from alerting_core.domain.endpoint import EndpointType, split_addresses
from alerting_core.domain.target import read_address, url_problems
from alerting_core.domain.text import check_text
from alerting_core.domain.webhook_check import check_headers, check_secret, new_secret
from alerting_core.problem import Problem, ProblemCode

__all__ = ["check_endpoint", "new_secret"]

_TYPES: Final = tuple(str(each) for each in EndpointType)


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
    known = EndpointType(kind) if isinstance(kind, str) and kind in _TYPES else None
    if known is None:
        code = ProblemCode.UNKNOWN_VALUE if isinstance(kind, str) else ProblemCode.WRONG_TYPE
        yield Problem("type", code, f"must be one of {', '.join(_TYPES)}")
    yield from _check_value(known, value)
    if headers is not None:
        yield from check_headers(headers)
        if headers and known not in {EndpointType.WEBHOOK, None}:
            yield Problem("headers", ProblemCode.UNKNOWN_FIELD, "only a webhook has headers of its own")
    if secret is not None:
        yield from check_secret(secret)
        if known not in {EndpointType.WEBHOOK, None}:
            yield Problem("secret", ProblemCode.UNKNOWN_FIELD, "only a webhook has a secret")


def _check_value(known: EndpointType | None, value: object) -> Iterator[Problem]:
    yield from check_text("value", value, chars_max=limits.ENDPOINT_VALUE_CHARS_MAX)
    # What is far too long is not looked at any closer: the work would grow with what anybody may send.
    if not isinstance(value, str) or not value.strip() or len(value) > limits.ENDPOINT_VALUE_CHARS_MAX:
        return
    match known:
        case EndpointType.EMAIL:
            yield from _check_addresses(value)
        case EndpointType.SLACK | EndpointType.WEBHOOK:
            yield from (Problem("value", ProblemCode.INVALID_URL, detail) for detail in url_problems(value))
        case None:
            return


def _check_addresses(value: str) -> Iterator[Problem]:
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in value if character != "\0"):
        yield Problem("value", ProblemCode.CONTROL_CHARACTER, "must not hold line breaks or other control characters")
    addresses = split_addresses(value)
    if not addresses:
        yield Problem("value", ProblemCode.EMPTY, "must hold at least one e-mail address")
    if len(addresses) > limits.ADDRESSES_PER_ENDPOINT_MAX:
        detail = f"has {len(addresses)} addresses, at most {limits.ADDRESSES_PER_ENDPOINT_MAX} are allowed"
        yield Problem("value", ProblemCode.TOO_MANY, detail)
    for address in addresses:
        if read_address(address) is None:
            shown = address if len(address) <= 60 else f"{address[:60]}…"
            detail = f"{shown!a} is not an e-mail address of the form name@domain"
            yield Problem("value", ProblemCode.INVALID_ADDRESS, detail)
