"""What a worker answers on its port: whether it lives, whether it can work, and its figures."""

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from alerting_backend.api.container import ReadinessCheck
from alerting_backend.api.exposition import CONTENT_TYPE, expose
from alerting_backend.api.probes import Alive, CheckShown, Readiness, look_at
from alerting_core.ports.clock import Clock
from alerting_core.ports.metrics import StageMetrics

STARTING = CheckShown(name="worker", ok=False, reason="starting")


class Probes:
    """Answers probes from the moment that the port is open.

    Attributes:
        checks: What readiness depends on; those of the dependencies first, the worker's own when it runs.
        is_starting: Whether the worker does not work yet.
    """

    def __init__(self, stages: StageMetrics, clock: Clock) -> None:
        self.checks: dict[str, ReadinessCheck] = {}
        self.is_starting = True
        self._stages = stages
        self._clock = clock

    def app(self) -> Starlette:
        """Return the application that serves the probes."""
        routes = {"/healthz": self.healthz, "/readyz": self.readyz, "/metrics": self.metrics}
        return Starlette(routes=[Route(path, endpoint) for path, endpoint in routes.items()])

    def add(self, checks: Mapping[str, ReadinessCheck]) -> None:
        """Let readiness depend on *checks* too."""
        self.checks.update(checks)

    async def readiness(self) -> Readiness:
        """Return what fails, if anything."""
        readiness = await look_at(self.checks)
        if not self.is_starting:
            return readiness
        return Readiness(ready=False, checks=[*readiness.checks, STARTING])

    async def healthz(self, _request: Request) -> Response:
        """Say that this process lives."""
        return Response(Alive().model_dump_json(), media_type="application/json")

    async def readyz(self, _request: Request) -> Response:
        """Say whether this process can work, and if not, which dependency fails."""
        readiness = await self.readiness()
        code = 200 if readiness.ready else 503
        return Response(readiness.model_dump_json(), status_code=code, media_type="application/json")

    async def metrics(self, _request: Request) -> Response:
        """Return the figures for Prometheus."""
        figures = await self._stages.read(now_ms=self._clock.now_ms())
        return Response(expose(figures, None), media_type=CONTENT_TYPE)
