"""What is wrong with an alert: its labels and annotations."""

from typing import Any

import pytest

from alerting_core import limits
from alerting_core.domain.alert import Alert, Severity, check_alert
from alerting_core.errors import ProblemCode

LONG = "x" * limits.CONTEXT_VALUE_CHARS_MAX


def problems(context: dict[str, Any], annotations: dict[str, Any]) -> set[tuple[str, ProblemCode]]:
    alert = Alert("a", Severity.HIGH, "api", "timeout", 0, context, annotations=annotations)
    return {(problem.path, problem.code) for problem in check_alert(alert)}


@pytest.mark.parametrize("annotations", [{}, {"summary": ""}, {"summary": "line\nline \x01 🙂", "ü": LONG}])
def test_annotations_may_be_any_text(annotations: dict[str, str]) -> None:
    assert problems({"summary": "of a label"}, annotations) == set()


@pytest.mark.parametrize(
    ("annotations", "path", "code"),
    [
        ({"": "x"}, "annotations", ProblemCode.EMPTY),
        ({"x" * 256: "x"}, "annotations", ProblemCode.TOO_LONG),
        ({"summary": LONG + "x"}, "annotations.summary", ProblemCode.TOO_LONG),
        ({"summary": "\0"}, "annotations.summary", ProblemCode.NUL_CHARACTER),
        ({"summary": "\ud83d"}, "annotations.summary", ProblemCode.NOT_UTF8),
        ({f"a{number}": "" for number in range(limits.ANNOTATIONS_MAX + 1)}, "annotations", ProblemCode.TOO_MANY),
    ],
)
def test_what_is_wrong_with_annotations_is_said_of_them(
    annotations: dict[str, str], path: str, code: ProblemCode
) -> None:
    assert problems({"region": "eu"}, annotations) == {(path, code)}


def test_there_may_be_as_many_annotations_as_labels() -> None:
    many = {f"a{number}": "" for number in range(limits.ANNOTATIONS_MAX)}
    assert problems(many, many) == set()


def test_labels_and_annotations_share_their_room() -> None:
    quarter = limits.CONTEXT_BYTES_MAX // 4 - 1
    half = {"a": "x" * quarter, "b": "x" * quarter}
    assert problems(half, half) == set()
    assert problems(half, half | {"c": ""}) == {("annotations", ProblemCode.TOO_LARGE)}
    assert problems(half | {"c": ""}, half) == {("annotations", ProblemCode.TOO_LARGE)}
    too_much = {f"{number}": LONG for number in range(5)}
    assert problems(too_much, {"a": ""}) == {("context", ProblemCode.TOO_LARGE)}
    assert problems({}, too_much) == {("annotations", ProblemCode.TOO_LARGE)}
