"""The platform's own figures as JSON."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from alerting_core import limits
from alerting_core.api.shapes.base import JsonObject
from alerting_core.app.dashboard import Figures, HeldCircuit, StageSummary
from alerting_core.domain.step_times import STEP_MS_BOUNDS, StepTimes
from alerting_core.domain.timestamp import rfc3339
from alerting_core.ports.journal import Totals
from alerting_core.ports.metrics import StageFigures
from alerting_core.ports.stage_series import SeriesBucket, StageSeries
from alerting_core.topology import ALERT_WORKERS, RULE_WORKERS

T = TypeVar("T")

_BUCKETS_PER_MINUTE = 60_000 // limits.SERIES_BUCKET_MS

SERIES_MINUTES_MAX = limits.SERIES_BUCKETS_MAX // _BUCKETS_PER_MINUTE


def metrics_shape(figures: Figures) -> JsonObject:
    """Write the dashboard."""
    return {
        "at": rfc3339(figures.at_ms),
        "totals": _totals_shape(figures.totals),
        "pipeline": [_summary_shape(summary) for summary in figures.pipeline],
        "stages": [_stage_shape(of_stage) for of_stage in figures.stages],
        "circuits": [_circuit_shape(held) for held in figures.circuits],
        "stages_unavailable": figures.unavailable,
        "topology": topology_shape(),
    }


def topology_shape() -> list[JsonObject]:
    """Write which stages there are, whether or not any process reports them."""
    return [
        {
            "stage": spec.name,
            "worker": kind,
            "does": spec.does,
            "reads": spec.reads,
            "group": spec.group,
            "on_path": spec.is_on_path,
            "handles": handles,
        }
        for handles, workers in (("alerts", ALERT_WORKERS), ("rules", RULE_WORKERS))
        for kind, specs in workers.items()
        for spec in specs
    ]


def series_shape(series: Sequence[StageSeries], *, now_ms: int, minutes: int) -> JsonObject:
    """Write what the stages did in the last *minutes*, one number per bucket, the oldest first."""
    count = minutes * _BUCKETS_PER_MINUTE
    first = now_ms // limits.SERIES_BUCKET_MS - count + 1
    return {
        "at": rfc3339(now_ms),
        "begins_at": rfc3339(max(0, first * limits.SERIES_BUCKET_MS)),
        "bucket_s": limits.SERIES_BUCKET_MS // 1_000,
        "buckets": count,
        "stages": [_one_series_shape(one, first=first, count=count) for one in series],
    }


def _one_series_shape(one: StageSeries, *, first: int, count: int) -> JsonObject:
    held = {bucket.begins_at_ms // limits.SERIES_BUCKET_MS - first: bucket for bucket in one.buckets}
    names = sorted({name for place, bucket in held.items() if 0 <= place < count for name in bucket.counts})

    def column(read: Callable[[SeriesBucket], T], empty: T) -> list[T]:
        return [read(held[place]) if place in held else empty for place in range(count)]

    def of_count(name: str) -> list[int]:
        return column(lambda bucket: bucket.counts.get(name, 0), 0)

    return {
        "stage": one.stage,
        "received": column(lambda bucket: bucket.received, 0),
        "published": column(lambda bucket: bucket.published, 0),
        "rejected": column(lambda bucket: bucket.rejected, 0),
        "errors": column(lambda bucket: bucket.errors, 0),
        "lag": column(lambda bucket: bucket.lag, None),
        "counts": {name: of_count(name) for name in names},
    }


def _totals_shape(totals: Totals) -> JsonObject:
    return {
        "clients": totals.clients,
        "rules_enabled": totals.rules_enabled,
        "rules_disabled": totals.rules_disabled,
        "endpoints_by_type": dict(totals.endpoints_by_type),
        "notifications_by_status": dict(totals.notifications_by_status),
        "deliveries_by_status": dict(totals.deliveries_by_status),
        "last_hour": totals.last_hour,
        "by_hour": list(totals.by_hour),
        "counted_at": rfc3339(totals.counted_at_ms),
    }


def _summary_shape(summary: StageSummary) -> JsonObject:
    return {
        "stage": summary.stage,
        "state": summary.state,
        "instances": {state.value: number for state, number in summary.instances.items()},
        "received": summary.received,
        "processed": summary.received - summary.rejected,
        "published": summary.published,
        "rejected": summary.rejected,
        "errors": summary.errors,
        "last_error": summary.last_error,
        "rate_per_s": round(summary.rate_per_s, 3),
        "lag": summary.lag,
        "step_times": _step_times_shape(summary.step_times),
        "gauges": dict(summary.gauges),
    }


def _stage_shape(figures: StageFigures) -> JsonObject:
    return {
        "stage": figures.stage,
        "instance": figures.instance,
        "state": figures.state,
        "received": figures.received,
        "processed": figures.processed,
        "published": figures.published,
        "rejected": figures.rejected,
        "errors": figures.errors,
        "last_error": figures.last_error,
        "rate_per_s": round(figures.rate_per_s, 3),
        "lag": figures.lag,
        "last_seen": rfc3339(figures.last_seen_ms),
        "step_times": _step_times_shape(figures.step_times),
        "counts": dict(figures.counts),
        "gauges": dict(figures.gauges),
    }


def _step_times_shape(times: StepTimes) -> JsonObject:
    p50, p99 = times.quantile_ms(0.5), times.quantile_ms(0.99)
    return {
        "p50_ms": None if p50 is None else round(p50, 1),
        "p99_ms": None if p99 is None else round(p99, 1),
        "up_to_ms": list(STEP_MS_BOUNDS),
        "counts": list(times.counts),
    }


def _circuit_shape(held: HeldCircuit) -> JsonObject:
    return {"instance": held.instance, "host": held.circuit.host, "state": held.circuit.state}
