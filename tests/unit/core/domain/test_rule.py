"""What is wrong with a rule, or looks wrong."""

import pytest

from alerting_core.domain.rule import check_rule, pattern_warnings
from alerting_core.errors import ProblemCode


@pytest.mark.parametrize(
    "text", ["Kube*", "*Kube", "K*e", "**", "^Kube", "Kube$", "A|B", "Kube.*", "Kube.+", "Disk[12]Full", "/Kube/"]
)
def test_what_looks_like_a_pattern_is_taken_with_a_warning(text: str) -> None:
    assert check_rule("*", "api", text) == ()
    (warning,) = pattern_warnings("api", text)
    assert (warning.path, warning.code) == ("name", ProblemCode.LOOKS_LIKE_PATTERN)
    assert [one.path for one in pattern_warnings(text, "timeout")] == ["source"]
    assert [one.path for one in pattern_warnings(text, text)] == ["source", "name"]


def test_alternatives_are_to_be_rules_of_their_own() -> None:
    (warning,) = pattern_warnings("*", "A|B")
    assert "a rule for each of them" in warning.detail


@pytest.mark.parametrize(
    "text", ["*", "KubePodCrashLooping", "api.timeout", "Write below root (x)", "up?", "a/b", "node-1:9100", "5 % ^ 2"]
)
def test_what_alerts_are_called_is_no_pattern(text: str) -> None:
    assert pattern_warnings(text, text) == ()
