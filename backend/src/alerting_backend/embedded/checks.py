"""What readiness depends on. Each check raises an error whose code `/readyz` shows."""

import asyncio
from collections.abc import Mapping
from typing import ClassVar

from alerting_backend.adapters.postgres.pools import Pools
from alerting_backend.wiring.checks import postgres_check, rules_check
from alerting_core.app.readiness import ReadinessCheck
from alerting_core.embedded.pipeline import Pipeline
from alerting_core.errors import AlertingError
from alerting_core.pipeline.report import StageName


class PipelineNotRunning(AlertingError):
    """The pipeline has not been started yet, or is being stopped."""

    code: ClassVar[str] = "pipeline-not-running"


class Health:
    """Answers the checks.

    Attributes:
        pipeline_runs: Set by who runs it.
    """

    def __init__(self, pools: Pools, pipeline: Pipeline) -> None:
        """Look at *pools* and *pipeline*."""
        self._pools = pools
        self._pipeline = pipeline
        self.pipeline_runs = False

    def checks(self) -> Mapping[str, ReadinessCheck]:
        """Return all checks by name."""
        return {"postgres": postgres_check(self._pools.admin), "pipeline": self.pipeline, "streams": self.streams}

    async def pipeline(self) -> None:
        """See whether the pipeline runs, with rules that are current."""
        if not self.pipeline_runs:
            raise PipelineNotRunning("the pipeline does not run")
        await rules_check(self._pipeline.rules)()

    async def streams(self) -> None:
        """See whether the streams can be read."""
        await self._pipeline.streams[StageName.EVALUATOR].lag()

    async def wait_until_ready(self, *, look_s: float = 0.02) -> None:
        """Return when all checks pass."""
        while True:
            try:
                for check in self.checks().values():
                    await check()
            except AlertingError:
                await asyncio.sleep(look_s)
            else:
                return
