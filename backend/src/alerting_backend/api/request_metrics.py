"""Counts and times the requests that the API serves, for Prometheus."""

from typing import Final

from prometheus_client import CollectorRegistry, Histogram
from starlette.requests import Request

_BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""From an answer out of memory to the time at which callers give up."""


class RequestMetrics:
    """Holds its own registry: two applications in one process count apart. Labels have few values, all chosen here."""

    def __init__(self) -> None:
        self.registry: Final = CollectorRegistry()
        self._seconds = Histogram(
            "alerting_http_request_duration_seconds",
            "Time from a request's first line to the last byte of its answer.",
            ("method", "path", "status"),
            buckets=_BUCKETS_S,
            registry=self.registry,
        )

    def observe(self, *, method: str, path: str, status: int, seconds: float) -> None:
        """Count one request; *path* is the operation's template."""
        known = method if method in _METHODS else "other"
        self._seconds.labels(known, path, f"{status // 100}xx").observe(seconds)


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def request_metrics_of(request: Request) -> RequestMetrics:
    """Return the metrics of the application that serves *request*."""
    metrics: RequestMetrics = request.app.state.request_metrics
    return metrics
