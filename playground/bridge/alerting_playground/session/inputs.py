"""What is read from outside, each as a value that was checked as a whole: settings, actions of a person, requests."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Final, cast

from alerting_core.domain.alert import SEVERITY_NAMES
from alerting_core.errors import Problem, ProblemCode
from alerting_core.generator.config import NAME_DIST, SEVERITY_DIST, SOURCE_DIST, Distribution, read_distribution
from alerting_core.topology import alert_stages, rule_stages
from alerting_playground.asgi import Request
from alerting_playground.session import limits
from alerting_playground.session.series import topics_of


class Refused(Exception):
    """The page asked for what cannot be done; nothing was changed.

    Args:
        code: For programs.
        detail: For people.
        problems: All that is wrong, each with its place.
    """

    def __init__(self, code: str, detail: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(detail)
        self.code, self.detail, self.problems = code, detail, tuple(problems)

    def to_json(self) -> dict[str, Any]:
        """Return the answer that says so."""
        problems = [{"path": p.path, "code": str(p.code), "detail": p.detail} for p in self.problems]
        return {"error": {"code": self.code, "detail": self.detail, "problems": problems}}


def as_object(value: object) -> dict[str, Any] | None:
    """Return an object of JSON; None for anything else."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def as_list(value: object) -> list[Any] | None:
    """Return a list of JSON; None for anything else."""
    return list(cast("Sequence[Any]", value)) if isinstance(value, list) else None


def as_int(value: object, smallest: int, largest: int) -> int | None:
    """Return a whole number within bounds; None for anything else, true and false among it."""
    whole = isinstance(value, int) and not isinstance(value, bool) and smallest <= value <= largest
    return cast("int", value) if whole else None


RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "partitions": (1, 12),
    "clients": (0, 200),
    "rules_per_client": (1, 20),
    "fan_out": (0, 20),
    "wildcard_share": (0, 1),
    "targets_per_client": (1, 5),
    "duration_ms": (1_000, limits.VIRTUAL_MS_MAX),
    "recorders": (1, limits.WORKERS_MAX),
    "evaluators": (1, limits.WORKERS_MAX),
    "aggregators": (1, limits.WORKERS_MAX),
    "senders": (1, limits.WORKERS_MAX),
    "rule_updaters": (1, limits.WORKERS_MAX),
    "alerts_per_s": (0, 20_000),
    "poison_per_minute": (0, 600),
    "endpoint_ms": (0, 20_000),
    "endpoint_errors": (0, 1),
    "endpoint_limits": (0, 1),
    "endpoint_slow": (0, 1),
}
"""Smallest and largest of each number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a simulated platform is set up and what it has to do. The names are those of the JSON.

    Attributes:
        clients: Made-up clients; those of the catalog come on top.
        fan_out: How many made-up clients an alert matches, on average.
        wildcard_share: How many of their rules have a wildcard.
        duration_ms: How long alerts come in; None for ever.
        rule_distribution: Whether evaluators have the rules from the snapshot in Redis, or straight from Postgres.
        alerts_per_s: Of virtual time.
        endpoint_ms: Mean time that endpoints take to answer.
        commit_first: The guarantee switched off: offsets are committed before the work is done.
    """

    partitions: int = 6
    clients: int = 12
    rules_per_client: int = 4
    fan_out: float = 1.5
    wildcard_share: float = 0.3
    targets_per_client: int = 2
    duration_ms: int | None = None
    rule_distribution: bool = True
    recorders: int = 1
    evaluators: int = 2
    aggregators: int = 2
    senders: int = 2
    rule_updaters: int = 1
    alerts_per_s: float = 20.0
    severity_dist: str = SEVERITY_DIST
    source_dist: str = SOURCE_DIST
    name_dist: str = NAME_DIST
    poison_per_minute: float = 0.0
    endpoint_ms: float = 150.0
    endpoint_errors: float = 0.0
    endpoint_limits: float = 0.0
    endpoint_slow: float = 0.0
    commit_first: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return all of them by name."""
        return asdict(self)

    def distribution(self, name: str) -> Distribution:
        """Return one of the three distributions, which were checked."""
        read = read_distribution(name, getattr(self, name))
        assert isinstance(read, Distribution), "settings are checked before they are used"
        return read


FIXED: Final = (
    "partitions",
    "clients",
    "rules_per_client",
    "fan_out",
    "wildcard_share",
    "targets_per_client",
    "duration_ms",
    "rule_distribution",
)
"""What belongs to a run from its beginning to its end."""

DEFAULTS: Final = Settings()
_NAMES: Final = tuple(field.name for field in fields(Settings))


def read_settings(given: object, *, base: Settings = DEFAULTS, path: str = "settings") -> Settings | list[Problem]:
    """Return *base* with what is *given*, or all that is wrong with it."""
    named = as_object(given)
    if named is None:
        return [Problem(path, ProblemCode.WRONG_TYPE, "expected an object of settings")]
    problems = [problem.under(path) for name, value in named.items() for problem in _problems_of_setting(name, value)]
    return problems or replace(base, **named)


def _problems_of_setting(name: str, value: object) -> Iterator[Problem]:
    if name not in _NAMES:
        yield Problem(name[:80], ProblemCode.UNKNOWN_FIELD, "there is no such setting")
        return
    if name.endswith("_dist"):
        yield from _distribution_problems(name, value)
        return
    if name not in RANGES:
        if not isinstance(value, bool):
            yield Problem(name, ProblemCode.WRONG_TYPE, "expected true or false")
        return
    if value is None and name == "duration_ms":
        return
    whole = isinstance(getattr(DEFAULTS, name), int) or name == "duration_ms"
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        yield Problem(name, ProblemCode.WRONG_TYPE, f"expected a {'whole ' if whole else ''}number")
        return
    smallest, largest = RANGES[name]
    if not smallest <= value <= largest:
        yield Problem(name, ProblemCode.OUT_OF_RANGE, f"must be {smallest:,} to {largest:,}")


def _distribution_problems(name: str, value: object) -> Iterator[Problem]:
    if not isinstance(value, str):
        yield Problem(name, ProblemCode.WRONG_TYPE, "expected text such as HIGH:60,LOW:40")
        return
    read = read_distribution(name, value, allowed=SEVERITY_NAMES if name == "severity_dist" else None)
    if isinstance(read, tuple):
        yield from read
    elif len(read.values) > limits.DISTRIBUTION_ENTRIES_MAX:
        detail = f"has {len(read.values)} values, at most {limits.DISTRIBUTION_ENTRIES_MAX} are allowed"
        yield Problem(name, ProblemCode.TOO_MANY, detail)


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
    expected = ACTIONS.get(str(named.get("do")))
    if expected is None:
        problems.append(Problem("do", ProblemCode.UNKNOWN_VALUE, f"must be one of {', '.join(ACTIONS)}"))
    else:
        problems += [
            Problem(name[:80], ProblemCode.UNKNOWN_FIELD, "does not belong to this action")
            for name in named
            if name not in {*expected, "do", "at_ms"}
        ]
        for name, one in expected.items():
            if name not in named:
                problems.append(Problem(name, ProblemCode.MISSING, f"expected {one.expected}"))
            elif not one.check(named[name]):
                problems.append(Problem(name, ProblemCode.UNKNOWN_VALUE, f"expected {one.expected}"))
    if not problems and named["do"] == "set":
        problems += _problems_of_change(named["settings"])
    if not problems and named["do"] == "request":
        problems += request_problems(named["request"])
    if problems or expected is None:
        found = [problem.under(path) if path else problem for problem in problems]
        raise Refused("bad-action", f"this cannot be done: {found[0].path}: {found[0].detail}", found)
    return Action(named["do"], {name: named[name] for name in expected})


def _problems_of_change(given: Mapping[str, Any]) -> list[Problem]:
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
