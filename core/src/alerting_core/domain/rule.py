"""What a client wants to be told about: severity, source and name, each exact or `*`."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, Final, TypeAlias

from alerting_core import limits
from alerting_core.domain.alert import SEVERITY_NAMES, WILDCARD, Severity
from alerting_core.domain.text import check_note, check_text
from alerting_core.errors import Problem, ProblemCode

Pattern: TypeAlias = tuple[Severity | None, str | None, str | None]
"""(severity, source, name) of a rule, None where it has the wildcard: an alert's own `*` can then never be mistaken."""


NAME_SHOWN_CHARS_MAX: Final = 120
"""A heading of two lines."""


class Catches(StrEnum):
    """Which alerts a rule meets."""

    PATTERN = "pattern"
    """Those that have its severity, source and name: an ordinary rule."""
    EVERYTHING = "everything"
    """All of them. An operator's."""
    UNMATCHED = "unmatched"
    """Those that no ordinary rule meets. An operator's."""


NO_NAME: Final = ""
"""The name of no alert. A rule with Catches.UNMATCHED is recorded with it: see `recorded`."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of one client, unique per (client_id, severity, source, name, catches).

    A field of `FOR_PEOPLE` decides nothing, and evaluators are not given it.

    Attributes:
        severity: LOW, MEDIUM, HIGH, CRITICAL or `*`.
        source: Exact, case-sensitive, or `*`.
        name: Exact, case-sensitive, or `*`.
        enabled: A disabled rule never matches.
        version: 1 when created, one more with each change.
        description: What it is for, in some lines; may be empty.
        name_shown: What people call it, in one line; may be empty.
        catches: Anything but a PATTERN has the wildcard in all three fields.
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
    description: str = ""
    name_shown: str = ""
    catches: Catches = Catches.PATTERN

    @property
    def pattern(self) -> Pattern:
        """The rule's fields as an index key, in the form in which it is recorded."""
        name = NO_NAME if self.catches is Catches.UNMATCHED else self.name
        return pattern_of(self.severity, self.source, name)

    @property
    def is_catch_all(self) -> bool:
        """Whether it meets alerts by more than its own fields, which is for operators."""
        return self.catches is not Catches.PATTERN

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What looks like a mistake in it; see `pattern_warnings`."""
        return pattern_warnings(self.source, self.name)


FOR_PEOPLE: Final[Mapping[str, Any]] = {"description": "", "name_shown": ""}
"""Fields that decide nothing, each as it is in a rule without it."""

DECIDING_FIELDS: Final = tuple(one.name for one in fields(Rule) if one.name not in FOR_PEOPLE)
"""What evaluators are given of a rule, in the order of its fields."""

KEPT_OF_RULE: Final = frozenset({"rule_id", "client_id", "created_at_ms"})
"""What no change of a rule touches."""


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """What a caller chooses of a rule: fields of `Rule` by the same names.

    None leaves a field as it is, or as a new rule has it; a new rule is enabled. `catches` is chosen together with the
    three fields that it is about.
    """

    severity: str
    source: str
    name: str
    enabled: bool | None = None
    description: str | None = None
    name_shown: str | None = None
    catches: Catches = Catches.PATTERN

    @property
    def is_catch_all(self) -> bool:
        """Whether it drafts a rule that is for operators."""
        return self.catches is not Catches.PATTERN


def check_draft(draft: RuleDraft) -> tuple[Problem, ...]:
    """Return all that is wrong with *draft*; empty when the rule can be stored."""
    return (
        *check_rule(draft.severity, draft.source, draft.name, draft.catches),
        *check_note("description", draft.description, chars_max=limits.DESCRIPTION_CHARS_MAX, one_line=False),
        *check_note("name_shown", draft.name_shown, chars_max=NAME_SHOWN_CHARS_MAX, one_line=True),
    )


def new_rule(draft: RuleDraft, *, rule_id: str, client_id: str, now_ms: int) -> Rule:
    """Return the rule that *draft* makes."""
    chosen: dict[str, Any] = {"enabled": True} | _chosen(draft)
    return Rule(rule_id=rule_id, client_id=client_id, version=1, created_at_ms=now_ms, updated_at_ms=now_ms, **chosen)


def redrafted(rule: Rule, draft: RuleDraft, *, now_ms: int) -> Rule:
    """Return *rule* with what *draft* chooses."""
    return replace(rule, **_chosen(draft), updated_at_ms=now_ms)


def deciding(rule: Rule) -> Rule:
    """Return *rule* as evaluators are given it: what is for people alone is as in a rule without it."""
    return replace(rule, **FOR_PEOPLE)


def recorded(rule: Rule) -> Rule:
    """Return *rule* in the form in which it is recorded: its severity, source and name alone say what it meets.

    Three wildcards meet everything; with `NO_NAME`, which no alert has, the rule meets what is unmatched. So a program
    of before there were such rules takes neither for something else: the first it takes for what it is, and the second
    for a rule that meets nothing. `from_record` is the way back.
    """
    return replace(rule, name=NO_NAME) if rule.catches is Catches.UNMATCHED else rule


def from_record(rule: Rule) -> Rule:
    """Return the rule that `recorded` returned as *rule*, its `catches` left out."""
    if rule.name == NO_NAME:
        return replace(rule, name=WILDCARD, catches=Catches.UNMATCHED)
    if rule.name == rule.source == rule.severity == WILDCARD:
        return replace(rule, catches=Catches.EVERYTHING)
    return rule


def _chosen(draft: RuleDraft) -> dict[str, Any]:
    values = {one.name: getattr(draft, one.name) for one in fields(draft)}
    return {name: value for name, value in values.items() if value is not None}


def next_rule_version(stored: Rule, changed: Rule) -> Rule:
    """Return what takes the place of *stored*: *changed*, but for what no change touches, one version on."""
    kept = {name: getattr(stored, name) for name in KEPT_OF_RULE}
    return replace(changed, **kept, version=stored.version + 1)


def pattern_of(severity: str, source: str, name: str) -> Pattern:
    """Turn checked rule fields into an index key, wildcards as None."""
    return (
        None if severity == WILDCARD else Severity[severity],
        None if source == WILDCARD else source,
        None if name == WILDCARD else name,
    )


_PATTERN_SIGNS: Final = re.compile(r"[*|]|^\^|\$$|\.[+?]|\[[^\]]+\]|^/.+/$")
"""Of globs and regular expressions. There are alerts whose own names hold them, though few."""


def pattern_warnings(source: str, name: str) -> tuple[Problem, ...]:
    """Return which of both looks as if it were to match by a pattern: `Kube*`, `^Kube`, `A|B`.

    Each is compared as it is written, so that such a rule meets no alert but one that is called so. It is a warning,
    since an alert may be, and rules that other systems took are to be taken here.
    """
    return tuple(
        Problem(field, ProblemCode.LOOKS_LIKE_PATTERN, _pattern_detail(field, text))
        for field, text in (("source", source), ("name", name))
        if text != WILDCARD and _PATTERN_SIGNS.search(text)
    )


def _pattern_detail(field: str, text: str) -> str:
    if "|" in text:
        instead = "make a rule for each of them"
    else:
        instead = f"write the whole {field} of an alert, or * alone for every {field}"
    return f"is compared as it is written, and is no pattern: unless alerts have this very {field}, {instead}"


def check_rule(
    severity: object, source: object, name: object, catches: Catches = Catches.PATTERN
) -> tuple[Problem, ...]:
    """Return all that is wrong with what a rule matches by; empty when it can be stored."""
    if catches is not Catches.PATTERN:
        return tuple(_problems_of_catch_all({"severity": severity, "source": source, "name": name}, catches))
    return tuple(_problems(severity, source, name))


ALL_WILDCARD_DETAIL: Final = (
    "at least one of severity, source and name must not be *: "
    'a rule for every alert, or for those that no other rule meets, is an operator\'s, with "catches" in it'
)


def _problems_of_catch_all(pattern: Mapping[str, object], catches: Catches) -> Iterator[Problem]:
    for field, value in pattern.items():
        if value != WILDCARD:
            yield Problem(field, ProblemCode.UNKNOWN_VALUE, f"must be * in a rule that catches {catches}")


def _problems(severity: object, source: object, name: object) -> Iterator[Problem]:
    allowed = (*SEVERITY_NAMES, WILDCARD)
    if not isinstance(severity, str):
        yield Problem("severity", ProblemCode.WRONG_TYPE, f"expected one of {', '.join(allowed)}")
    elif severity not in allowed:
        yield Problem("severity", ProblemCode.UNKNOWN_VALUE, f"must be one of {', '.join(allowed)}")
    yield from check_text("source", source, chars_max=limits.ID_CHARS_MAX)
    yield from check_text("name", name, chars_max=limits.ID_CHARS_MAX)
    if severity == source == name == WILDCARD:
        yield Problem("", ProblemCode.ALL_WILDCARD, ALL_WILDCARD_DETAIL)
