"""Distributions as text, and what is wrong with them."""

import pytest

from alerting_core.errors import Problem, ProblemCode
from alerting_core.generator.config import Distribution, read_distribution

LEVELS = ("LOW", "MEDIUM", "HIGH", "CRITICAL")


def test_values_and_weights_are_read_in_their_order() -> None:
    read = read_distribution("d", " HIGH:30, MEDIUM : 30,LOW:25,CRITICAL:15 ", allowed=LEVELS)
    assert read == Distribution(("HIGH", "MEDIUM", "LOW", "CRITICAL"), (30, 30, 25, 15))


def test_a_value_may_hold_colons_and_a_weight_may_be_zero() -> None:
    assert read_distribution("d", "db:main:100,off:0") == Distribution(("db:main", "off"), (100, 0))


def test_a_hundred_values_are_as_often_there_as_their_weights_say() -> None:
    by_percent = Distribution(("a", "b", "never"), (70, 30, 0)).by_percent()
    assert by_percent == ("a",) * 70 + ("b",) * 30


@pytest.mark.parametrize(
    ("text", "path", "code"),
    [
        ("", "d", ProblemCode.EMPTY),
        ("  ", "d", ProblemCode.EMPTY),
        ("HIGH", "d[0]", ProblemCode.MISSING),
        ("HIGH:50,", "d[1]", ProblemCode.MISSING),
        (":100", "d[0]", ProblemCode.EMPTY),
        ("HIGH:", "d[0]", ProblemCode.OUT_OF_RANGE),
        ("HIGH:-1", "d[0]", ProblemCode.OUT_OF_RANGE),
        ("HIGH:1e2", "d[0]", ProblemCode.OUT_OF_RANGE),
        ("HIGH:33.3", "d[0]", ProblemCode.OUT_OF_RANGE),
        ("HIGH:١٠٠", "d[0]", ProblemCode.OUT_OF_RANGE),
        ("HIGH:" + "9" * 5_000, "d[0]", ProblemCode.OUT_OF_RANGE),
        ("HIGH:101", "d[0]", ProblemCode.OUT_OF_RANGE),
        ("HIGH:50,HIGH:50", "d[1]", ProblemCode.UNKNOWN_VALUE),
        ("HIGH:99", "d", ProblemCode.OUT_OF_RANGE),
        ("HIGH:0,LOW:0", "d", ProblemCode.OUT_OF_RANGE),
        ("HIGH:60,LOW:60", "d", ProblemCode.OUT_OF_RANGE),
        ("a\0b:100", "d[0]", ProblemCode.NUL_CHARACTER),
        ("x" * 256 + ":100", "d[0]", ProblemCode.TOO_LONG),
        (",".join(f"{n}:1" for n in range(101)), "d", ProblemCode.TOO_MANY),
        ("x" * 1_000_000, "d", ProblemCode.TOO_LONG),
    ],
)
def test_what_is_wrong_with_a_distribution_is_told_with_its_place(text: str, path: str, code: ProblemCode) -> None:
    read = read_distribution("d", text)
    assert isinstance(read, tuple)
    assert [(problem.path, problem.code) for problem in read] == [(path, code)]


def test_an_unknown_severity_is_refused_and_the_known_ones_are_named() -> None:
    read = read_distribution("severity_dist", "FATAL:100", allowed=LEVELS)
    detail = "must be one of LOW, MEDIUM, HIGH, CRITICAL"
    assert read == (Problem("severity_dist[0]", ProblemCode.UNKNOWN_VALUE, detail),)


def test_all_that_is_wrong_is_told_at_once() -> None:
    read = read_distribution("d", "a:x,b,:5,c:20")
    assert isinstance(read, tuple)
    assert [problem.path for problem in read] == ["d[0]", "d[1]", "d[2]"]


def test_the_sum_that_the_weights_have_is_told() -> None:
    read = read_distribution("d", "a:20,b:30")
    assert isinstance(read, tuple)
    assert read[0].detail == "the weights sum to 50, they must sum to 100"
