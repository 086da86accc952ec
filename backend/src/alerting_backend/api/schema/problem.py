"""The problem document as a schema of the OpenAPI document."""

from typing import Annotated

from pydantic import Field

from alerting_backend.api.schema.base import ResponseModel
from alerting_core.api.problem_kinds import ProblemKind
from alerting_core.problem import ProblemCode


class ProblemItem(ResponseModel):
    """One thing wrong with a request."""

    path: Annotated[str, Field(description="Where, as in `alerts[3].context.region`; empty for the whole.")]
    code: Annotated[ProblemCode, Field(description="What kind, for programs.")]
    detail: Annotated[str, Field(description="What and how to mend it, for people.")]


class Problem(ResponseModel):
    """Why a request was refused, by RFC 9457. `code` is stable."""

    type: str
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    code: ProblemKind
    detail: str
    problems: Annotated[list[ProblemItem], Field(description="All that is wrong with the input, at most 100.")]
    request_id: Annotated[str, Field(description="The same as the header `X-Request-Id`; the log has it too.")]
