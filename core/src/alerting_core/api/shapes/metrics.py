"""The platform's own figures as JSON."""

from collections.abc import Sequence

from alerting_core.api.shapes.base import JsonObject
from alerting_core.domain.timestamp import rfc3339
from alerting_core.ports.journal import Totals
from alerting_core.ports.metrics import StageFigures


def metrics_shape(totals: Totals, stages: Sequence[StageFigures], *, now_ms: int) -> JsonObject:
    """Write the dashboard."""
    return {
        "at": rfc3339(now_ms),
        "totals": _totals_shape(totals),
        "stages": [_stage_shape(figures) for figures in stages],
    }


def _totals_shape(totals: Totals) -> JsonObject:
    return {
        "clients": totals.clients,
        "rules_enabled": totals.rules_enabled,
        "rules_disabled": totals.rules_disabled,
        "endpoints_by_type": dict(totals.endpoints_by_type),
        "notifications_by_status": dict(totals.notifications_by_status),
        "last_hour": totals.last_hour,
        "by_hour": list(totals.by_hour),
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
        "counts": dict(figures.counts),
    }
