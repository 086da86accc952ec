"""What readiness depends on. Each check raises an error whose code `/readyz` shows."""

from typing import ClassVar, Final

from alerting_backend.adapters.postgres.pools import Pool, connected
from alerting_core.app.readiness import ReadinessCheck
from alerting_core.errors import AlertingError
from alerting_core.pipeline.rulefeed import RuleFeed

RULES_AGE_MS_MAX: Final = 30_000
"""Rules that were not confirmed for so long may be out of date; the evaluator asks twice a second."""


class RulesNotLoaded(AlertingError):
    """The evaluator has no rules yet."""

    code: ClassVar[str] = "rules-not-loaded"


class RulesOutdated(AlertingError):
    """The evaluator could not ask for changes of rules for a while."""

    code: ClassVar[str] = "rules-outdated"


def postgres_check(pool: Pool) -> ReadinessCheck:
    """Return the check that Postgres answers."""

    async def check() -> None:
        async with connected(pool, "readiness") as connection:
            await connection.fetchval("SELECT 1")

    return check


def rules_check(rules: RuleFeed) -> ReadinessCheck:
    """Return the check that an evaluator has rules, and that they are current."""

    async def check() -> None:
        age_ms = rules.age_ms()
        if age_ms is None:
            raise RulesNotLoaded("the rules are being loaded")
        if age_ms > RULES_AGE_MS_MAX:
            raise RulesOutdated(f"the rules were last confirmed {age_ms // 1_000} s ago")

    return check
