"""The counts that the test command closes with."""

from collections import Counter
from pathlib import Path

import pytest

from tests.run.tally import Tally, read_tally

PASSED = '<testcase name="a"/>'
FAILED = '<testcase name="b"><failure message="no"/></testcase>'
BROKEN_AFTERWARDS = '<testcase name="c"><error message="clean-up"/></testcase>'
SKIPPED = '<testcase name="d"><skipped message="no server"/></testcase>'


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.xml"
    cases = PASSED + FAILED + BROKEN_AFTERWARDS + SKIPPED + SKIPPED
    path.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>", encoding="utf-8")
    return path


def test_every_test_of_a_report_is_counted_once(report: Path) -> None:
    assert read_tally(report, exit_code=1) == Tally(passed=1, failed=2, not_run=Counter({"no server": 2}))


def test_a_run_that_broke_off_counts_as_a_failure(tmp_path: Path) -> None:
    assert read_tally(tmp_path / "never-written.xml", exit_code=-9).failed == 1


def test_a_run_without_tests_is_no_failure(tmp_path: Path) -> None:
    assert read_tally(tmp_path / "never-written.xml", exit_code=5).failed == 0


def test_the_closing_line_adds_up_all_runs(report: Path) -> None:
    total = Tally(passed=3) + read_tally(report, exit_code=1)
    assert total.closing_line() == "4 passed, 2 failed, 2 skipped"
