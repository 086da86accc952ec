"""What every test shares: how hard hypothesis tries, real programs, and a word on what was not run."""

import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.install.prometheus import prometheus_binary
from tests.support.install.unavailable import Unavailable

pytest_plugins = ["tests.support.loops", "tests.support.postgres.fixtures", "tests.support.servers.fixtures"]

# A slow or busy machine is no finding about the code: no deadlines. The test command looks at the same examples each
# time, so that its answer is about the code too; whoever runs pytest by hand looks for new ones.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("dev", patient, max_examples=50)
settings.register_profile("ci", patient, max_examples=200, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture(scope="session")
def prometheus_program() -> Path:
    """Return the path of a real Prometheus server, installed when this machine has none."""
    try:
        return prometheus_binary()
    except Unavailable as error:
        pytest.skip(f"no Prometheus server: {error}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that have a slow test: at the end, one process would work alone on the last of them."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was not run, and why: a skipped test has shown nothing."""
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.getreports("skipped")
        if isinstance(report.longrepr, tuple)
    )
    if reasons:
        terminalreporter.section("not run", sep="-")
        for reason, count in reasons.most_common():
            terminalreporter.write_line(f"{count:>5} × {reason}")
