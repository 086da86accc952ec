"""Refusals as documents, the words for what is wrong with a request, and which bodies are read."""

import json
from typing import Annotated, Any, Final, Literal

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from alerting_api.auth import Caller, Operator
from alerting_api.middleware import assign_request_id
from alerting_api.problems import PROBLEMS_MAX, ProblemKind, Refusal, document, refusals
from alerting_api.route import ApiRoute, ExpectedVersion, Once, decode_json, require_json, trace_of
from alerting_api.schema import PATH_CHARS_MAX, RequestModel, placed, problems_of
from alerting_core.errors import Problem, ProblemCode


def test_a_document_says_all_that_is_wrong_and_which_request_it_was() -> None:
    problem = Problem("name", ProblemCode.EMPTY, "must not be empty")
    refusal = Refusal(ProblemKind.INVALID_INPUT, "the request has problems", problems=[problem])
    assert json.loads(document(refusal, request_id="r").model_dump_json()) == {
        "type": "urn:alerting:problem:invalid-input",
        "title": "Invalid input",
        "status": 422,
        "code": "invalid-input",
        "detail": "the request has problems",
        "problems": [{"path": "name", "code": "empty", "detail": "must not be empty"}],
        "request_id": "r",
    }


def test_of_very_many_problems_the_first_are_shown_and_the_rest_counted() -> None:
    problems = [Problem(f"[{n}]", ProblemCode.MISSING, "is required") for n in range(PROBLEMS_MAX + 5)]
    shown = document(Refusal(ProblemKind.INVALID_INPUT, "bad", problems=problems), request_id="r")
    assert len(shown.problems) == PROBLEMS_MAX
    assert shown.detail == "bad (the first 100 of 105)"


class _Model(RequestModel):
    name: str


WRONG: Final = (
    (_Model, {}, ProblemCode.MISSING, "is required"),
    (_Model, {"name": "a", "b": 1}, ProblemCode.UNKNOWN_FIELD, "is not a field of this object"),
    (int, "x", ProblemCode.WRONG_TYPE, "must be a whole number"),
    (Literal["LOW", "*"], "x", ProblemCode.UNKNOWN_VALUE, "must be one of LOW, *"),
    (Annotated[float, Field(ge=0.001)], 0, ProblemCode.OUT_OF_RANGE, "must be at least 0.001"),
    (Annotated[float, Field(le=10_000.0)], 1e9, ProblemCode.OUT_OF_RANGE, "must be at most 10000"),
    (Annotated[str, Field(max_length=2)], "xxx", ProblemCode.TOO_LONG, "at most 2 characters are allowed"),
    (Annotated[list[int], Field(max_length=2)], [1, 2, 3], ProblemCode.TOO_MANY, "at most 2 are allowed"),
    (Annotated[list[int], Field(min_length=1)], [], ProblemCode.EMPTY, "at least 1 is needed"),
)


@pytest.mark.parametrize(("shape", "value", "code", "detail"), WRONG, ids=[case[3] for case in WRONG])
def test_a_finding_has_a_code_for_programs_and_words_for_people(
    shape: Any, value: Any, code: ProblemCode, detail: str
) -> None:
    with pytest.raises(ValidationError) as found:
        TypeAdapter(shape).validate_python(value)
    errors = [{**error, "loc": ("body", *error["loc"])} for error in found.value.errors()]
    (problem,) = problems_of(errors)
    assert (problem.code, problem.detail) == (code, detail)


def test_a_path_that_the_caller_chose_is_not_repeated_without_end() -> None:
    unknown = Problem("", ProblemCode.UNKNOWN_FIELD, "")
    assert placed(unknown, "x" * 10_000).path == "x" * PATH_CHARS_MAX
    assert placed(Problem("b", ProblemCode.EMPTY, ""), "a").path == "a.b"
    assert placed(Problem("b", ProblemCode.EMPTY, ""), "").path == "b"


@pytest.mark.parametrize(
    "sent",
    [
        *("application/json", "Application/JSON; charset=UTF-8", "application/problem+json", " application/json ;a=b"),
        *('application/json;charset="utf-8"', "application/json; a=1; Charset = us-ascii ", "application/json;"),
    ],
)
def test_json_in_utf8_is_read(sent: str) -> None:
    require_json(sent)


@pytest.mark.parametrize(
    "sent",
    [
        *("", "text/plain", "application/json; charset=latin-1", "text/json", "json", "application/jsonx", "a/json"),
        *(
            "application/json/json",
            "application/+json",
            "application/json; charset=",
            "application/x; b=application/json",
        ),
    ],
)
def test_what_is_not_called_json_is_not_read(sent: str) -> None:
    with pytest.raises(Refusal) as refused:
        require_json(sent)
    assert refused.value.status == 415


@pytest.mark.parametrize("value", [None, True, 0, -1, 2**63 - 1, 1.5, "ü☃\u2028</script>", [], {"a": [{"b": None}]}])
def test_what_is_json_is_read_as_it_was_written(value: Any) -> None:
    assert decode_json(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    "body",
    [
        *(b"{", b"NaN", b"-Infinity", b"\xef\xbb\xbf1", b'"\\ud800"', b'{"\\udfff":1}', b"01", b"1" * 5_000),
        *(b'"\n"', b"[" * 100_000, b"1 2", b"'a'", b"\x00", b'{"a":"\xc3\x28"}'),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(body: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        decode_json(body)
    assert refused.value.kind is ProblemKind.MALFORMED_BODY
    (problem,) = refused.value.problems
    assert problem.detail.startswith(("line 1, column ", "line 2, column ", "byte 6 "))


def _given(sent: str | None) -> str:
    headers = [] if sent is None else [(b"x-request-id", sent.encode("latin-1"))]
    return assign_request_id({"type": "http", "headers": headers}, lambda: "made here")


def test_only_what_cannot_forge_a_log_line_is_taken_over_as_a_request_id() -> None:
    assert _given("a-1/b=") == "a-1/b="
    assert {_given(sent) for sent in (None, "", "a b", "a\n", "x" * 129)} == {"made here"}


async def test_only_a_readable_trace_goes_along() -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert await trace_of(trace) == trace
    assert [await trace_of(sent) for sent in (None, "", trace + "0", trace.upper())] == [None] * 4


def _kinds(route: ApiRoute) -> dict[int | str, set[str]]:
    """Return the kinds of problems that *route* declares, by status."""
    contents = {status: response.get("content", {}) for status, response in route.responses.items()}
    return {status: set(content["application/problem+json"]["examples"]) for status, content in contents.items()}


async def _change(_: Operator, _once: Once, thing_id: str, version: ExpectedVersion, body: _Model) -> None:
    """Take all that there is to take."""


async def _look(_: Caller, limit: int) -> None:
    """Take a number from the query, of anybody with a key."""


async def _live() -> None:
    """Take nothing."""


def test_a_route_declares_what_its_parameters_and_its_use_case_refuse() -> None:
    changing = ApiRoute("/{thing_id}", _change, methods=["POST"], responses=refusals(ProblemKind.CONFLICT))
    assert _kinds(changing) == {
        400: {"malformed-body"},
        401: {"unauthenticated"},
        403: {"forbidden"},
        404: {"not-found"},
        409: {"request-in-progress", "conflict"},
        412: {"version-conflict"},
        413: {"body-too-large"},
        415: {"unsupported-media-type"},
        422: {"invalid-input", "idempotency-key-reused"},
        500: {"internal"},
        503: {"unavailable"},
    }
    looking = ApiRoute("/", _look)
    assert _kinds(looking).keys() == {401, 422, 500, 503}


def test_a_route_declares_other_answers_itself() -> None:
    own = {503: {"description": "Something is away."}}
    assert ApiRoute("/", _live, responses=refusals() | own).responses == refusals() | own
    assert ApiRoute("/", _live, status_code=202).response_description.startswith("Accepted")
