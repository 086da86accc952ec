"""Words for severities, the usual ones and an operator's own."""

import pytest

from alerting_core.domain.alert import SEVERITY_NAMES, Severity
from alerting_core.domain.severity_words import SEVERITY_WORDS, plain_word, read_own_words, severity_of_word
from alerting_core.errors import ProblemCode


@pytest.mark.parametrize("word", ["SEV-1", "sev 1", " Sev_1\t", "sev1", "SEV--1"])
def test_words_are_compared_without_case_blanks_and_hyphens(word: str) -> None:
    assert severity_of_word(word, {}) is Severity.CRITICAL


def test_every_name_of_a_severity_is_a_word_for_it_and_every_word_is_plain() -> None:
    assert {name: severity_of_word(name, {}).name for name in SEVERITY_NAMES} == {name: name for name in SEVERITY_NAMES}
    assert all(plain_word(word) == word for word in SEVERITY_WORDS)


def test_words_of_an_operator_go_first() -> None:
    own = read_own_words({"P-1": "low", "Tuesday": "HIGH"})
    assert own == {"p1": Severity.LOW, "tuesday": Severity.HIGH}
    assert not isinstance(own, tuple)
    assert severity_of_word("p1", own) is Severity.LOW
    assert severity_of_word("critical", own) is Severity.CRITICAL
    assert severity_of_word("wednesday", own) is Severity.UNSPECIFIED


@pytest.mark.parametrize(
    ("pairs", "code"),
    [
        ({"p1": "bad"}, ProblemCode.UNKNOWN_VALUE),
        ({"p1": "UNSPECIFIED"}, ProblemCode.UNKNOWN_VALUE),
        ({"": "LOW"}, ProblemCode.EMPTY),
        ({"--": "LOW"}, ProblemCode.EMPTY),
        ({"x" * 300: "LOW"}, ProblemCode.TOO_LONG),
        ({f"w{number}": "LOW" for number in range(201)}, ProblemCode.TOO_MANY),
    ],
)
def test_words_that_say_nothing_are_refused(pairs: dict[str, str], code: ProblemCode) -> None:
    found = read_own_words(pairs)
    assert isinstance(found, tuple)
    assert [problem.code for problem in found] == [code]
