"""Whether a process can work: what it depends on is asked, all at once and for a short time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from alerting_core.errors import AlertingError

CHECK_S_MAX: Final = 3.0
"""A dependency that takes longer is as good as away: probes are given up after a few seconds."""

TIMED_OUT: Final = "timed-out"

ReadinessCheck: TypeAlias = Callable[[], Awaitable[None]]
"""Returns when the dependency answers; raises an AlertingError, whose code is shown, when it does not."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One dependency; `reason` is the stable code of what is wrong, None when nothing is."""

    name: str
    ok: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ReadinessReport:
    """All dependencies, in the order of their checks."""

    checks: Sequence[CheckResult]

    @property
    def ready(self) -> bool:
        """Whether everything that the process needs answers."""
        return all(check.ok for check in self.checks)


async def check_readiness(checks: Mapping[str, ReadinessCheck]) -> ReadinessReport:
    """Make all *checks* side by side."""
    return ReadinessReport(await asyncio.gather(*(_check(name, check) for name, check in checks.items())))


async def _check(name: str, check: ReadinessCheck) -> CheckResult:
    try:
        async with asyncio.timeout(CHECK_S_MAX):
            await check()
    except TimeoutError:
        return CheckResult(name, ok=False, reason=TIMED_OUT)
    except AlertingError as error:
        return CheckResult(name, ok=False, reason=error.code)
    return CheckResult(name, ok=True)
