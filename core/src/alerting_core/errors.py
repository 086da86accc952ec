"""What may go wrong, told apart by who must act, and what is wrong with a piece of input: all of it at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class ProblemCode(StrEnum):
    """Stable names of what can be wrong with an input. The API and the dead-letter topic show them."""

    MISSING = "missing"
    WRONG_TYPE = "wrong-type"
    EMPTY = "empty"
    TOO_LONG = "too-long"
    TOO_MANY = "too-many"
    TOO_LARGE = "too-large"
    NUL_CHARACTER = "nul-character"
    NOT_UTF8 = "not-utf8"
    NOT_JSON = "not-json"
    CONTROL_CHARACTER = "control-character"
    RESERVED = "reserved"
    UNKNOWN_VALUE = "unknown-value"
    UNKNOWN_FIELD = "unknown-field"
    OUT_OF_RANGE = "out-of-range"
    ALL_WILDCARD = "all-wildcard"
    LOOKS_LIKE_PATTERN = "looks-like-pattern"
    INVALID_URL = "invalid-url"
    INVALID_ADDRESS = "invalid-address"
    INVALID_HEADER = "invalid-header"
    INVALID_SECRET = "invalid-secret"
    FORBIDDEN_TARGET = "forbidden-target"
    UNDECODABLE = "undecodable"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input.

    Attributes:
        path: Where, as in `context.region` or `alerts[3].name`.
        code: What kind, for programs.
        detail: What and how to mend it, for people. Never repeats the whole input.
    """

    path: str
    code: ProblemCode
    detail: str

    def under(self, prefix: str) -> "Problem":
        """Return the same problem with *prefix* before its path, for an input that was part of a larger one."""
        joined = f"{prefix}.{self.path}" if self.path else prefix
        return Problem(joined, self.code, self.detail)


class AlertingError(Exception):
    """Base of all errors raised on purpose. Not to be raised itself.

    Attributes:
        code: Stable kebab-case name, the same in the API, in logs and in metrics.
        retryable: Whether the identical call may succeed later.
    """

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str) -> None:
        assert type(self) is not AlertingError, "raise one of the children, they say who must act"
        super().__init__(detail)
        self.detail = detail


class InvalidInput(AlertingError):
    """The caller sent something that cannot be accepted; lists every problem at once."""

    code = "invalid-input"

    def __init__(self, problems: Sequence[Problem], detail: str = "the request has problems") -> None:
        super().__init__(detail)
        assert problems, "an InvalidInput without a problem cannot be acted on"
        self.problems = tuple(problems)


class NotFound(AlertingError):
    """No such object for this caller: absent, or another client's."""

    code = "not-found"


class Conflict(AlertingError):
    """The object exists already, or something else already uses its unique values."""

    code = "conflict"


class VersionConflict(AlertingError):
    """The object was changed since the caller read it.

    Attributes:
        current_version: The version that is stored now.
    """

    code = "version-conflict"

    def __init__(self, detail: str, *, current_version: int) -> None:
        super().__init__(detail)
        self.current_version = current_version


class LimitExceeded(AlertingError):
    """The caller asked for more than a named bound allows."""

    code = "limit-exceeded"


class PortUnavailable(AlertingError):
    """A resource behind a port (broker, database, mail server) is away. The work is kept and tried again.

    Attributes:
        resource: Which one, for example `postgres`.
        operation: What was asked of it, for example `claim_due`.
    """

    code = "unavailable"
    retryable = True

    def __init__(self, resource: str, *, operation: str, detail: str = "") -> None:
        super().__init__(f"{resource} is unavailable during {operation}" + (f": {detail}" if detail else ""))
        self.resource = resource
        self.operation = operation


class FencedOff(AlertingError):
    """Another consumer or owner has taken over the work; what this one did is not committed.

    The caller drops its batch and polls again: the new owner does the work.
    """

    code = "fenced-off"
    retryable = True


class PortContractBroken(AlertingError):
    """An adapter broke a promise of its port: a bug of ours. Never retried, never hidden."""

    code = "port-contract-broken"
