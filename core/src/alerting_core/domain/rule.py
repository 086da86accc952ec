"""What a client wants to be told about: severity, source and name, each exact or `*`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from alerting_core import limits
from alerting_core.domain.severity import SEVERITY_NAMES, WILDCARD, Severity
from alerting_core.domain.text import check_text
from alerting_core.problem import Problem, ProblemCode

Pattern: TypeAlias = tuple[Severity | None, str | None, str | None]
"""(severity, source, name) of a rule, None where it has the wildcard: an alert's own `*` can then never be mistaken."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of one client, unique per (client_id, severity, source, name).

    Attributes:
        severity: LOW, MEDIUM, HIGH, CRITICAL or `*`.
        source: Exact, case-sensitive, or `*`.
        name: Exact, case-sensitive, or `*`.
        enabled: A disabled rule never matches.
        version: 1 when created, one more with each change.
    """

    rule_id: str
    client_id: str
    severity: str
    source: str
    name: str
    enabled: bool
    version: int
    created_at_ms: int
    updated_at_ms: int

    @property
    def pattern(self) -> Pattern:
        """The rule's fields as an index key."""
        return pattern_of(self.severity, self.source, self.name)


def pattern_of(severity: str, source: str, name: str) -> Pattern:
    """Turn checked rule fields into an index key, wildcards as None."""
    return (
        None if severity == WILDCARD else Severity[severity],
        None if source == WILDCARD else source,
        None if name == WILDCARD else name,
    )


def check_rule(severity: object, source: object, name: object) -> tuple[Problem, ...]:
    """Return all that is wrong with the fields of a rule; empty when it can be stored."""
    return tuple(_problems(severity, source, name))


def _problems(severity: object, source: object, name: object) -> Iterator[Problem]:
    allowed = (*SEVERITY_NAMES, WILDCARD)
    if not isinstance(severity, str):
        yield Problem("severity", ProblemCode.WRONG_TYPE, f"expected one of {', '.join(allowed)}")
    elif severity not in allowed:
        yield Problem("severity", ProblemCode.UNKNOWN_VALUE, f"must be one of {', '.join(allowed)}")
    yield from check_text("source", source, chars_max=limits.ID_CHARS_MAX)
    yield from check_text("name", name, chars_max=limits.ID_CHARS_MAX)
    if severity == source == name == WILDCARD:
        yield Problem("", ProblemCode.ALL_WILDCARD, "at least one of severity, source and name must not be *")
