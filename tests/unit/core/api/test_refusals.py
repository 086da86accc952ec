"""Refusals as documents, and the words for what is wrong with a request."""

import pytest

from alerting_core import limits
from alerting_core.api import findings
from alerting_core.api.bodies import body_too_large, require_json
from alerting_core.api.headers import given_request_id, readable_trace
from alerting_core.api.problem_kinds import ProblemKind
from alerting_core.api.refusal import PROBLEMS_MAX, Refusal, document
from alerting_core.api.repetition import refuse_repetition, require_key
from alerting_core.errors import InvalidInput
from alerting_core.ports.idempotency import Different, Running
from alerting_core.problem import Problem, ProblemCode


def test_a_document_says_all_that_is_wrong_and_which_request_it_was() -> None:
    problem = Problem("name", ProblemCode.EMPTY, "must not be empty")
    refusal = Refusal(ProblemKind.INVALID_INPUT, "the request has problems", problems=[problem])
    assert document(refusal, request_id="r") == {
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
    assert len(shown["problems"]) == PROBLEMS_MAX
    assert shown["detail"] == "bad (the first 100 of 105)"


@pytest.mark.parametrize(
    ("problem", "code", "detail"),
    [
        (findings.is_required(), ProblemCode.MISSING, "is required"),
        (findings.wrong_type(findings.INTEGER), ProblemCode.WRONG_TYPE, "must be a whole number"),
        (findings.unknown_value(["LOW", "*"]), ProblemCode.UNKNOWN_VALUE, "must be one of LOW, *"),
        (findings.below(0.001), ProblemCode.OUT_OF_RANGE, "must be at least 0.001"),
        (findings.above(10_000.0), ProblemCode.OUT_OF_RANGE, "must be at most 10000"),
        (findings.too_many(20), ProblemCode.TOO_MANY, "at most 20 are allowed"),
        (findings.too_few(1), ProblemCode.EMPTY, "at least 1 is needed"),
    ],
)
def test_a_finding_has_a_code_for_programs_and_words_for_people(
    problem: Problem, code: ProblemCode, detail: str
) -> None:
    assert (problem.code, problem.detail) == (code, detail)


def test_a_path_that_the_caller_chose_is_not_repeated_without_end() -> None:
    assert findings.placed(findings.unknown_field(), "x" * 10_000).path == "x" * findings.PATH_CHARS_MAX
    assert findings.placed(Problem("b", ProblemCode.EMPTY, ""), "a").path == "a.b"
    assert findings.placed(Problem("b", ProblemCode.EMPTY, ""), "").path == "b"


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


def test_a_body_beyond_the_limit_names_the_limit() -> None:
    assert str(limits.BODY_BYTES_MAX) in body_too_large().detail


@pytest.mark.parametrize("key", ["k", "x" * 255, "!~"])
def test_visible_characters_make_an_idempotency_key(key: str) -> None:
    require_key(key)


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é", "\x7f"])
def test_anything_else_makes_none(key: str) -> None:
    with pytest.raises(InvalidInput):
        require_key(key)


@pytest.mark.parametrize(("found", "status"), [(Running(), 409), (Different(), 422)])
def test_a_taken_key_is_refused_by_what_it_was_taken_for(found: Running | Different, status: int) -> None:
    with pytest.raises(Refusal) as refused:
        refuse_repetition(found)
    assert refused.value.status == status


def test_only_what_cannot_forge_a_log_line_is_taken_over_as_a_request_id() -> None:
    assert given_request_id("a-1/b=") == "a-1/b="
    assert [given_request_id(sent) for sent in (None, "", "a b", "a\n", "x" * 129)] == [None] * 5


def test_only_a_readable_trace_goes_along() -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert readable_trace(trace) == trace
    assert [readable_trace(sent) for sent in (None, "", trace + "0", trace.upper())] == [None] * 4
