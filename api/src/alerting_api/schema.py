"""What all JSON shapes share: strict requests, responses that read themselves from values of the domain, and pages.

Theory of operation. A model is the one home of its JSON: each field is named, described, validated and written here and
nowhere else. A response model reads a value of the domain attribute by attribute, under the name of the field; times
are unix milliseconds in the domain (`created_at_ms`) and RFC 3339 in JSON (`created_at`).

What is wrong with the form of a request is pydantic's finding in the words of the core: every problem has a path, a
stable code, and how to mend it. What is wrong with the meaning of a request the checks of the domain say themselves;
`core_error` carries their problems through pydantic.
"""

import re
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any, Final, Generic, Literal, Self, TypeAlias, TypeVar, cast

from pydantic import AfterValidator, AliasGenerator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from alerting_core import limits
from alerting_core.domain.alert import AlertStatus, Severity
from alerting_core.domain.text import check_id, check_text, rfc3339
from alerting_core.errors import Problem, ProblemCode
from alerting_core.ports.catalog import Page, PageRequest

CORE_ERROR: Final = "core"
"""Type of the pydantic errors that carry problems found by checks of the core, in their context."""

UNION_TAG: Final = "·"
"""First character of the tags of our discriminated unions: pydantic puts tags into paths, callers know none."""

PATH_CHARS_MAX: Final = 200
"""A path may hold field names that the caller chose; an answer does not repeat a megabyte of them."""

_EXPECTED: Final[Mapping[str, str]] = {
    "model_type": "an object",
    "model_attributes_type": "an object",
    "dict_type": "an object",
    "list_type": "a list",
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
}
"""What a value should have been, by the error that says that it is not."""

_C = ProblemCode

_FOUND: Final[Mapping[str, tuple[ProblemCode, Callable[[Mapping[str, Any]], str]]]] = {
    "missing": (_C.MISSING, lambda _: "is required"),
    "extra_forbidden": (_C.UNKNOWN_FIELD, lambda _: "is not a field of this object"),
    "enum": (_C.UNKNOWN_VALUE, lambda bound: _one_of(bound["expected"])),
    "literal_error": (_C.UNKNOWN_VALUE, lambda bound: _one_of(bound["expected"])),
    "greater_than_equal": (_C.OUT_OF_RANGE, lambda bound: f"must be at least {_number(bound['ge'])}"),
    "less_than_equal": (_C.OUT_OF_RANGE, lambda bound: f"must be at most {_number(bound['le'])}"),
    "int_parsing_size": (_C.OUT_OF_RANGE, lambda _: "is too large a number"),
    "string_too_long": (_C.TOO_LONG, lambda bound: f"at most {bound['max_length']} characters are allowed"),
    "too_short": (_C.EMPTY, lambda bound: f"at least {bound['min_length']} is needed"),
    "too_long": (_C.TOO_MANY, lambda bound: f"at most {bound['max_length']} are allowed"),
}
"""Other errors: their code, and their detail from what bounds the value."""

_QUOTED: Final = re.compile(r"'([^']*)'")


def core_error(problems: Sequence[Problem]) -> PydanticCustomError:
    """Wrap problems found by a check of the core, so that pydantic reports them beside its own."""
    assert problems, "an error without a problem cannot be acted on"
    return PydanticCustomError(CORE_ERROR, "invalid", {"problems": tuple(problems)})


def problems_of(errors: Iterable[Mapping[str, Any]]) -> list[Problem]:
    """Translate what `ValidationError.errors()` returned. Inputs are never repeated."""
    found: list[Problem] = []
    for error in errors:
        path = _path_of(error["loc"])
        problems = error["ctx"]["problems"] if error["type"] == CORE_ERROR else [_problem_of(error)]
        found.extend(placed(problem, path) for problem in problems)
    return found


def placed(problem: Problem, path: str) -> Problem:
    """Return *problem* of a part of the request at *path*."""
    moved = problem.under(path) if path else problem
    return Problem(moved.path[:PATH_CHARS_MAX], moved.code, moved.detail)


def _problem_of(error: Mapping[str, Any]) -> Problem:
    kind = error["type"]
    if kind in _EXPECTED:
        return Problem("", ProblemCode.WRONG_TYPE, f"must be {_EXPECTED[kind]}")
    if kind in _FOUND:
        code, detail = _FOUND[kind]
        return Problem("", code, detail(error.get("ctx", {})))
    return Problem("", ProblemCode.WRONG_TYPE, str(error["msg"]).replace("Input should", "must", 1))


def _path_of(loc: Sequence[str | int]) -> str:
    """Write ('body', 'alerts', 3, 'name') as `alerts[3].name`; what a path starts with is known from the operation."""
    path = ""
    for part in loc[1:]:
        if isinstance(part, int):
            path += f"[{part}]"
        elif not part.startswith(UNION_TAG):
            path += f".{part}" if path else part
    return path


def _one_of(expected: str) -> str:
    return f"must be one of {', '.join(_QUOTED.findall(expected))}"


def _number(bound: float) -> str:
    return str(int(bound)) if bound == int(bound) else str(bound)


T = TypeVar("T")


class RequestModel(BaseModel):
    """A request body. Unknown fields are refused, and nothing is converted: `"1"` is no number, `1` is no text."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    def as_draft(self, kind: type[T]) -> T:
        """Return the *kind* of draft or change, a dataclass that takes the fields of this body by their names."""
        named = (one.name for one in fields(cast(Any, kind)) if one.name in type(self).model_fields)
        return kind(**{name: getattr(self, name) for name in named})


Problems: TypeAlias = Iterable[Problem]
"""What a check finds."""


class CheckedModel(RequestModel):
    """A request body that is also checked as a whole, once each of its fields is right by itself."""

    @abstractmethod
    def check(self) -> Problems:
        """Return all that is wrong with the whole."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if problems := tuple(self.check()):
            raise core_error(problems)
        return self


class QueryModel(BaseModel):
    """The query string of one operation. Unknown parameters are refused, so that a typing error is not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _attribute(field: str) -> str:
    """Return the attribute of the domain that *field* of a response is read from."""
    return f"{field}_ms" if field == "at" or field.endswith("_at") else field


class ResponseModel(BaseModel):
    """A response body, which reads itself from a value of the domain."""

    model_config = ConfigDict(
        frozen=True,
        from_attributes=True,
        populate_by_name=True,
        alias_generator=AliasGenerator(validation_alias=_attribute),
    )

    @classmethod
    def of(cls, value: object, /, **more: object) -> Self:
        """Read every field from the attribute of *value* that it is named for, or from *more*, which goes first."""
        return cls.model_validate(_Joined(value, more) if more else value)


class _Joined:
    """A value with more attributes than its own."""

    __slots__ = ("_more", "_value")

    def __init__(self, value: object, more: Mapping[str, object]) -> None:
        self._value, self._more = value, more

    def __getattr__(self, name: str) -> Any:
        return self._more[name] if name in self._more else getattr(self._value, name)


class ItemPage(ResponseModel, Generic[T]):
    """One page of a list."""

    items: list[T]
    next_cursor: Annotated[str | None, Field(description="Pass it as `cursor` for the next page; null on the last.")]


class LimitQuery(QueryModel):
    """How much to return."""

    limit: Annotated[int, Field(ge=1, le=limits.PAGE_ITEMS_MAX, description="Items of one page.")] = (
        limits.PAGE_ITEMS_DEFAULT
    )


class PageQuery(LimitQuery):
    """The part of a list to return. Lists with filters extend it."""

    cursor: Annotated[
        str | None, Field(max_length=limits.CURSOR_CHARS_MAX, description="`next_cursor` of the page before.")
    ] = None

    @property
    def page(self) -> PageRequest:
        """The same in the words of the ports."""
        return PageRequest(self.limit, self.cursor)


R = TypeVar("R", bound=ResponseModel)


def page_of(page: Page[Any], item: type[R]) -> ItemPage[R]:
    """Write a page of values of the domain, each as an *item*."""
    return ItemPage(items=[item.of(value) for value in page.items], next_cursor=page.next_cursor)


def checked_by(check: Callable[[Any], Problems]) -> AfterValidator:
    """Return a validator that reports all that *check* of the core finds."""

    def validate(value: Any) -> Any:
        if problems := tuple(check(value)):
            raise core_error(problems)
        return value

    return AfterValidator(validate)


_RFC3339: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def read_moment(value: object) -> datetime | Problem:
    """Read the text of a time, to the microsecond; what is finer is cut off."""
    found = _RFC3339.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        detail = "must be a time by RFC 3339 with an offset, as in 2026-01-02T03:04:05Z"
        return Problem("", ProblemCode.WRONG_TYPE, detail)
    *numbers, fraction, sign, hours, minutes = found.groups()
    year, month, day, hour, minute, second = map(int, numbers)
    micros = int((fraction or "0").ljust(6, "0")[:6])
    try:
        return datetime(year, month, day, hour, minute, second, micros, _zone(sign, hours, minutes))
    except ValueError:
        return Problem("", ProblemCode.WRONG_TYPE, "is written like a time, and there is no such time")


def _zone(sign: str | None, hours: str, minutes: str) -> timezone:
    if sign is None:
        return UTC
    if int(minutes) > 59:
        raise ValueError("an hour has sixty minutes")
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if sign == "-" else offset)


def _moment(value: Any) -> datetime:
    # Left to itself, pydantic also takes numbers and dates for times.
    found = read_moment(value)
    if isinstance(found, Problem):
        raise core_error([found])
    return found


Moment: TypeAlias = Annotated[datetime, Field(strict=False), BeforeValidator(_moment)]
"""A time in a request; aware, as it was read."""


def unix_ms(moment: datetime) -> int:
    """Return an aware *moment* in unix milliseconds, cut off, not rounded."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def clamped_ms(moment: datetime | None) -> int | None:
    """Return *moment* in unix milliseconds for a filter, moved into the range in which anything is ever stored."""
    return None if moment is None else min(max(0, unix_ms(moment)), limits.TIME_MS_MAX)


def bounds(chars_max: int, *, empty: bool = False) -> Any:
    """Return the bounds of a text for the documentation alone: the core's check says more than "too long"."""
    return Field(json_schema_extra={"minLength": 0 if empty else 1, "maxLength": chars_max})


Identifier: TypeAlias = Annotated[
    str, bounds(limits.ID_CHARS_MAX), checked_by(lambda v: check_id("", v, chars_max=limits.ID_CHARS_MAX))
]
"""An id that the caller chooses."""

Text: TypeAlias = Annotated[
    str, bounds(limits.ID_CHARS_MAX), checked_by(lambda v: check_text("", v, chars_max=limits.ID_CHARS_MAX))
]
"""A name or the like."""

Description: TypeAlias = Annotated[
    str | None,
    bounds(limits.DESCRIPTION_CHARS_MAX, empty=True),
    Field(description="What it is for, in some lines. Left out: empty in what is new, and as it is in a replacement."),
]
"""What people write about an object; its draft checks it."""

Exact: TypeAlias = Annotated[str | None, Field(max_length=limits.ID_CHARS_MAX)]
"""A filter by equality: any text that could be stored, or none."""

AlertSeverity: TypeAlias = Literal["LOW", "MEDIUM", "HIGH", "CRITICAL"]
RuleSeverity: TypeAlias = Literal["LOW", "MEDIUM", "HIGH", "CRITICAL", "*"]
ShownSeverity: TypeAlias = Annotated[
    Literal["UNSPECIFIED", "LOW", "MEDIUM", "HIGH", "CRITICAL"],
    BeforeValidator(lambda value: value.name if isinstance(value, Severity) else value),
]
AlertStatusName: TypeAlias = Literal["firing", "resolved"]
ShownAlertStatus: TypeAlias = Annotated[
    AlertStatusName, BeforeValidator(lambda value: value.word if isinstance(value, AlertStatus) else value)
]

Uuid: TypeAlias = Annotated[str, Field(json_schema_extra={"format": "uuid"})]
Time: TypeAlias = Annotated[
    str,
    Field(json_schema_extra={"format": "date-time"}, examples=["2026-01-02T03:04:05.678Z"]),
    BeforeValidator(lambda value: rfc3339(value) if isinstance(value, int) else value),
]
"""A time in a response."""
