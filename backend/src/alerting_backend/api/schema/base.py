"""What all shapes share: strictness, and text as the core takes it."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeAlias, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from alerting_backend.api.validation import core_error
from alerting_core import limits
from alerting_core.api.moments import read_moment
from alerting_core.domain.text import check_id, check_text
from alerting_core.problem import Problem

T = TypeVar("T")


class RequestModel(BaseModel):
    """A request body. Unknown fields are refused, and nothing is converted: `"1"` is no number, `1` is no text."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class QueryModel(BaseModel):
    """The query string of one operation. Unknown parameters are refused, so that a typing error is not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ResponseModel(BaseModel):
    """A response body."""

    model_config = ConfigDict(frozen=True)


class ItemPage(ResponseModel, Generic[T]):
    """One page of a list."""

    items: list[T]
    next_cursor: Annotated[str | None, Field(description="Pass it as `cursor` for the next page; null on the last.")]


def checked_by(check: Callable[[Any], Iterable[Problem]]) -> AfterValidator:
    """Return a validator that reports all that *check* of the core finds."""

    def validate(value: Any) -> Any:
        if problems := tuple(check(value)):
            raise core_error(problems)
        return value

    return AfterValidator(validate)


def _read_moment(value: Any) -> datetime:
    # Left to itself, pydantic also takes numbers and dates for times.
    found = read_moment(value)
    if isinstance(found, Problem):
        raise core_error([found])
    return found


Moment: TypeAlias = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_read_moment)]
"""A time in a request."""


def bounds(chars_max: int) -> Any:
    """Return the bounds of a text for the documentation alone: the core's check says more than "too long"."""
    return Field(json_schema_extra={"minLength": 1, "maxLength": chars_max})


Identifier: TypeAlias = Annotated[
    str, bounds(limits.ID_CHARS_MAX), checked_by(lambda v: check_id("", v, chars_max=limits.ID_CHARS_MAX))
]
"""An id that the caller chooses."""

Text: TypeAlias = Annotated[
    str, bounds(limits.ID_CHARS_MAX), checked_by(lambda v: check_text("", v, chars_max=limits.ID_CHARS_MAX))
]
"""A name or the like."""

AlertSeverity: TypeAlias = Literal["LOW", "MEDIUM", "HIGH", "CRITICAL"]
RuleSeverity: TypeAlias = Literal["LOW", "MEDIUM", "HIGH", "CRITICAL", "*"]
ShownSeverity: TypeAlias = Literal["UNSPECIFIED", "LOW", "MEDIUM", "HIGH", "CRITICAL"]

Uuid: TypeAlias = Annotated[str, Field(json_schema_extra={"format": "uuid"})]
Time: TypeAlias = Annotated[
    str, Field(json_schema_extra={"format": "date-time"}, examples=["2026-01-02T03:04:05.678Z"])
]
