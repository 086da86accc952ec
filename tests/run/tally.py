"""What a run of pytest came to, read from the report that it wrote."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

NO_TESTS: Final = 5  # Exit code of pytest.


@dataclass(frozen=True, slots=True)
class Tally:
    """How many tests passed, failed and were not run.

    Attributes:
        not_run: Reason → number of tests that were not run for it. Their sum is `skipped`.
    """

    passed: int = 0
    failed: int = 0
    not_run: Counter[str] = field(default_factory=Counter[str])

    @property
    def skipped(self) -> int:
        """Number of tests that were not run."""
        return self.not_run.total()

    def __add__(self, other: "Tally") -> "Tally":
        """Add up two runs."""
        return Tally(self.passed + other.passed, self.failed + other.failed, self.not_run + other.not_run)

    def closing_line(self) -> str:
        """Return the last line of the test command."""
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def read_tally(report: Path, *, exit_code: int) -> Tally:
    """Read the JUnit report of a run of pytest that ended with *exit_code*.

    A run that broke off counts as one more failure, however many tests passed before.
    """
    tally = Tally()
    if report.exists():
        for case in ElementTree.parse(report).iter("testcase"):
            tally += _case_tally(case)
    if exit_code not in {0, NO_TESTS} and tally.failed == 0:
        tally += Tally(failed=1)
    return tally


def _case_tally(case: ElementTree.Element) -> Tally:
    """Count one test; an error after it (in its clean-up) makes a passed test a failed one."""
    if case.find("failure") is not None or case.find("error") is not None:
        return Tally(failed=1)
    if (skipped := case.find("skipped")) is not None:
        return Tally(not_run=Counter([skipped.get("message") or "no reason given"]))
    return Tally(passed=1)
