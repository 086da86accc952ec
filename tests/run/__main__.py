"""Run the stages named as arguments, or all of them; say what was not run; close with one line of counts."""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.run.stages import STAGES, Stage
from tests.run.tally import NO_TESTS, Tally, read_tally
from tests.support.install.unavailable import Unavailable


def run_stage(stage: Stage, *, reports: Path) -> Tally:
    """Run one stage; a stage whose programs cannot be had counts as one test that was not run."""
    print(f"\n── {stage.name}: {stage.says}", flush=True)
    report = reports / f"{stage.name}.xml"
    try:
        exit_code = stage.run(report)
    except Unavailable as error:
        return Tally(not_run=Counter([f"all of '{stage.name}': {error}"]))
    if exit_code == NO_TESTS:
        return Tally(not_run=Counter([f"all of '{stage.name}': it has no tests"]))
    return read_tally(report, exit_code=exit_code)


def print_not_run(tally: Tally) -> None:
    """Name each reason for which tests were not run."""
    if not tally.not_run:
        print("\nEverything was run.")
        return
    print("\nNot run:")
    for reason, count in tally.not_run.most_common():
        print(f"  {count:>5} × {reason}")


def main(names: Sequence[str]) -> int:
    """Run the stages called *names*, all when there are none; return the exit code."""
    if unknown := set(names) - {stage.name for stage in STAGES}:
        print(f"no such stage: {', '.join(sorted(unknown))}; there are {', '.join(stage.name for stage in STAGES)}")
        return 2
    total, rows = Tally(), list[str]()
    with tempfile.TemporaryDirectory(prefix="alerting-tests-") as folder:
        for stage in STAGES:
            if names and stage.name not in names:
                continue
            started = time.monotonic()
            tally = run_stage(stage, reports=Path(folder))
            seconds = time.monotonic() - started
            rows.append(f"  {stage.name:<10}{tally.passed:>8}{tally.failed:>8}{tally.skipped:>9}{seconds:>9.0f}")
            total += tally
    print(f"\n  {'stage':<10}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}")
    print("\n".join(rows))
    print_not_run(total)
    print(f"\n{total.closing_line()}")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
