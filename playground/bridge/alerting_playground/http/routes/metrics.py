"""The platform's own figures."""

from typing import Final

from alerting_core.api.shapes.metrics import SERIES_MINUTES_MAX, metrics_shape, series_shape
from alerting_playground.http.operation import Call, Operation, Reply
from alerting_playground.http.query import Query, WrittenInteger

PATH: Final = "/api/v1/metrics"

_MINUTES: Final = Query({"minutes": (WrittenInteger(1, SERIES_MINUTES_MAX), SERIES_MINUTES_MAX)})


async def get(call: Call) -> Reply:
    """Return the dashboard's figures."""
    return Reply(metrics_shape(await call.parts.dashboard.read(None)))


async def get_series(call: Call) -> Reply:
    """Return what each stage did lately, for charts."""
    now_ms, series = await call.parts.dashboard.series(None)
    return Reply(series_shape(series, now_ms=now_ms, minutes=call.query["minutes"]))


OPERATIONS: Final = (Operation("GET", PATH, get), Operation("GET", PATH + "/series", get_series, query=_MINUTES))
