"""The figures of this process in Prometheus' text format. Label values are names of ours, never a client's."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from alerting_backend.api.request_metrics import RequestMetrics
from alerting_core.ports.metrics import StageFigures, StageState

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_QUANTILES: Final = (0.5, 0.99)

_LABELS: Final = ("stage", "instance")

_COUNTERS: Final[Sequence[tuple[str, str, Callable[[StageFigures], int]]]] = (
    ("received", "Records or claims whose work is committed.", lambda f: f.received),
    ("published", "Records written to the next topic.", lambda f: f.published),
    ("rejected", "Poison records that went to the dead-letter topic.", lambda f: f.rejected),
    ("errors", "Steps that failed and were tried again.", lambda f: f.errors),
)


class _Stages(Collector):
    """The figures of one moment."""

    def __init__(self, figures: Sequence[StageFigures]) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        for name, says, read in _COUNTERS:
            counter = CounterMetricFamily(f"alerting_stage_{name}", says, labels=_LABELS)
            for one in self._figures:
                counter.add_metric((one.stage, one.instance), read(one))
            yield counter
        yield self._counts()
        yield self._lag()
        yield self._gauges()
        yield self._step_times()
        yield self._states()
        seen = GaugeMetricFamily("alerting_stage_last_seen_timestamp_seconds", "Latest step.", labels=_LABELS)
        for one in self._figures:
            seen.add_metric((one.stage, one.instance), one.last_seen_ms / 1_000)
        yield seen

    def _counts(self) -> Metric:
        counter = CounterMetricFamily(
            "alerting_stage_counts", "What a stage counts beside its records.", labels=(*_LABELS, "count")
        )
        for one in self._figures:
            for name, number in sorted(one.counts.items()):
                counter.add_metric((one.stage, one.instance, name), number)
        return counter

    def _lag(self) -> Metric:
        gauge = GaugeMetricFamily("alerting_stage_lag_records", "Records that wait for a stage.", labels=_LABELS)
        for one in self._figures:
            if one.lag is not None:
                gauge.add_metric((one.stage, one.instance), one.lag)
        return gauge

    def _gauges(self) -> Metric:
        gauge = GaugeMetricFamily(
            "alerting_stage_gauges", "What a stage has at this moment.", labels=(*_LABELS, "gauge")
        )
        for one in self._figures:
            for name, number in sorted(one.gauges.items()):
                gauge.add_metric((one.stage, one.instance, name), number)
        return gauge

    def _step_times(self) -> Metric:
        # Of the last minute, and so not a histogram that only grows: quantiles are shown as what they are.
        gauge = GaugeMetricFamily(
            "alerting_stage_step_seconds",
            "How long the steps of the last minute took that had something to do, by quantile.",
            labels=(*_LABELS, "quantile"),
        )
        for one in self._figures:
            for share in _QUANTILES:
                if (took_ms := one.step_times.quantile_ms(share)) is not None:
                    gauge.add_metric((one.stage, one.instance, str(share)), took_ms / 1_000)
        return gauge

    def _states(self) -> Metric:
        gauge = GaugeMetricFamily("alerting_stage_state", "1 for the state it is in.", labels=(*_LABELS, "state"))
        for one in self._figures:
            for state in StageState:
                gauge.add_metric((one.stage, one.instance, state), int(one.state is state))
        return gauge


def expose(figures: Sequence[StageFigures], requests: RequestMetrics | None) -> bytes:
    """Return the exposition of *figures* and, where an API is served, of its requests."""
    stages = CollectorRegistry()
    stages.register(_Stages(figures))
    of_requests = b"" if requests is None else generate_latest(requests.registry)
    return generate_latest(stages) + of_requests
