"""What a person can do to a running platform: each action as a value, read from JSON and checked as a whole."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from alerting_core.errors import Problem, ProblemCode
from alerting_core.topology import alert_stages, rule_stages
from alerting_playground.asgi import Request
from alerting_playground.session import limits
from alerting_playground.session.series import topics_of
from alerting_playground.session.settings import FIXED, Refused, as_int, as_object, read_settings

TOPICS: Final = topics_of([*alert_stages(), *rule_stages()])
KILL_POINTS: Final = ("now", "before-commit", "between", "after-commit")
HOST_STATES: Final = ("well", "down", "slow", "errors", "limits", "gone")
SERVERS: Final = ("kafka", "redis", "postgres")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an action.

    Attributes:
        check: Whether a value is allowed.
        expected: What is, for people.
    """

    check: Callable[[Any], bool]
    expected: str


def _whole(smallest: int, largest: int) -> Field:
    return Field(
        lambda value: as_int(value, smallest, largest) is not None, f"a whole number from {smallest:,} to {largest:,}"
    )


def _one_of(*values: str) -> Field:
    return Field(lambda value: value in values, f"one of {', '.join(values)}")


def _or_null(one: Field) -> Field:
    return Field(lambda value: value is None or one.check(value), f"{one.expected}, or null")


_NAME: Final = Field(lambda value: isinstance(value, str) and 0 < len(value) <= 255, "a name of 1 to 255 characters")
_OBJECT: Final = Field(lambda value: isinstance(value, dict), "an object")
_FOR_MS: Final = _whole(0, limits.FAULT_MS_MAX)

ACTIONS: Final[Mapping[str, Mapping[str, Field]]] = {
    "set": {"settings": _OBJECT},
    "kill": {"worker": _NAME, "when": _one_of(*KILL_POINTS), "restart_ms": _or_null(_FOR_MS)},
    "restart": {"worker": _NAME},
    "pause": {"worker": _NAME, "for_ms": _FOR_MS},
    "duplicate": {"topic": _one_of(*TOPICS), "records": _whole(1, limits.DUPLICATES_MAX)},
    "delay": {"topic": _one_of(*TOPICS), "partition": _or_null(_whole(0, 11)), "for_ms": _FOR_MS},
    "outage": {"of": _one_of(*SERVERS), "for_ms": _FOR_MS},
    "flush-redis": {},
    "endpoint": {"host": _NAME, "state": _one_of(*HOST_STATES), "for_ms": _FOR_MS},
    "clock": {"machine": _NAME, "by_ms": _whole(-limits.CLOCK_JUMP_MS_MAX, limits.CLOCK_JUMP_MS_MAX)},
    "poison": {"topic": _one_of(*TOPICS)},
    "request": {"request": _OBJECT},
}
"""Action → its fields, all of which have to be given."""


@dataclass(frozen=True, slots=True)
class Action:
    """One action.

    Attributes:
        do: Which, a key of `ACTIONS`.
        given: Its fields, checked.
    """

    do: str
    given: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def to_json(self) -> dict[str, Any]:
        """Return it as it was read."""
        return {"do": self.do, **self.given}


def read_action(given: object, *, path: str = "") -> Action:
    """Read an action. Raises Refused with all that is wrong with it."""
    problems: list[Problem] = []
    named = as_object(given) or {}
    fields = ACTIONS.get(str(named.get("do")))
    if fields is None:
        problems.append(Problem("do", ProblemCode.UNKNOWN_VALUE, f"must be one of {', '.join(ACTIONS)}"))
    else:
        problems += [
            Problem(name[:80], ProblemCode.UNKNOWN_FIELD, "does not belong to this action")
            for name in named
            if name not in {*fields, "do", "at_ms"}
        ]
        for name, one in fields.items():
            if name not in named:
                problems.append(Problem(name, ProblemCode.MISSING, f"expected {one.expected}"))
            elif not one.check(named[name]):
                problems.append(Problem(name, ProblemCode.UNKNOWN_VALUE, f"expected {one.expected}"))
    if not problems and named["do"] == "set":
        problems += _setting_problems(named["settings"])
    if not problems and named["do"] == "request":
        problems += request_problems(named["request"])
    if problems or fields is None:
        found = [problem.under(path) if path else problem for problem in problems]
        raise Refused("bad-action", f"this cannot be done: {found[0].path}: {found[0].detail}", found)
    return Action(named["do"], {name: named[name] for name in fields})


def _setting_problems(given: Mapping[str, Any]) -> list[Problem]:
    read = read_settings(given)
    problems = read if isinstance(read, list) else []
    fixed = [name for name in given if name in FIXED]
    problems += [
        Problem(f"settings.{name}", ProblemCode.UNKNOWN_FIELD, "cannot change while it runs: start anew with it")
        for name in fixed
    ]
    return problems


def request_problems(given: Mapping[str, Any]) -> list[Problem]:
    """Return what is wrong with an HTTP request as JSON."""
    problems: list[Problem] = []
    for name, longest in (("method", 10), ("path", 4_096)):
        value = given.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= longest:
            problems.append(Problem(f"request.{name}", ProblemCode.WRONG_TYPE, f"expected 1 to {longest} characters"))
    headers = as_object(given.get("headers") or {})
    if headers is None or not all(isinstance(value, str) for value in headers.values()):
        problems.append(Problem("request.headers", ProblemCode.WRONG_TYPE, "expected texts by name"))
    body = given.get("body")
    if body is not None and not isinstance(body, str):
        problems.append(Problem("request.body", ProblemCode.WRONG_TYPE, "expected text or null"))
    return problems


def read_request(given: object) -> Request:
    """Read an HTTP request from JSON. Raises Refused with all that is wrong with it."""
    named = as_object(given) or {}
    if problems := request_problems(named):
        first = problems[0]
        raise Refused("bad-request", f"the request cannot be made: {first.path}: {first.detail}", problems)
    path, _, query = named["path"].partition("?")
    body = named.get("body") or ""
    return Request(named["method"].upper(), path, query, dict(named.get("headers") or {}), body.encode())
