"""What is wrong with a piece of input, as values: all of it at once, each with its place."""

from dataclasses import dataclass
from enum import StrEnum


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
