"""Alerts: the way in, and why one did or did not notify anybody."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, cast

from alerting_core import limits
from alerting_core.api.moments import clamped_ms
from alerting_core.api.shapes.alert import alert_detail_shape, alert_shape, explanation_shape
from alerting_core.app.submit import AlertDraft
from alerting_core.domain.alert import EVENT_TS_MAX, check_context
from alerting_core.domain.ids import derive_uuid
from alerting_core.ports.alerts import AlertFilter
from alerting_core.ports.paging import PageRequest
from alerting_core.problem import Problem
from alerting_playground.http.kinds import Nullable, Number, OneOf
from alerting_playground.http.objects import Field, ListOf, Object, TextMap, optional
from alerting_playground.http.operation import OWNER, Call, Operation, Reply, page_reply
from alerting_playground.http.query import EXACT, LIMIT, MOMENT, SEVERITIES, SHOWN_SEVERITY, Query, page_query
from alerting_playground.http.routes.clients import IDENTIFIER, NAME

PREFIX: Final = "/api/v1/alerts"


def _check_context(context: Mapping[str, str]) -> Iterator[Problem]:
    for problem in check_context(context):
        path = problem.path.removeprefix("context").removeprefix(".")
        yield Problem(path, problem.code, problem.detail)


ONE: Final = Object(
    {
        "alert_id": optional(Nullable(IDENTIFIER)),
        "severity": Field(OneOf(SEVERITIES)),
        "source": Field(NAME),
        "name": Field(NAME),
        "event_ts": optional(Nullable(Number(0, EVENT_TS_MAX))),
        "context": Field(TextMap(_check_context, limits.CONTEXT_ENTRIES_MAX), required=False, default={}),
    }
)
SEVERAL: Final = ListOf(ONE, limits.ALERTS_PER_REQUEST_MAX)
BATCH: Final = Object({"alerts": Field(SEVERAL)})


class _OneOrSeveral:
    """One alert, or several in either of two forms; reads drafts, and how the place of one is written."""

    def read(self, value: Any, path: str, found: list[Problem]) -> Any:
        """Read the body."""
        known = len(found)
        if isinstance(value, list):
            alerts, place = SEVERAL.read(value, path, found), "[{}]"
        elif isinstance(value, dict) and "alerts" in value:
            batch, place = BATCH.read(value, path, found), "alerts[{}]"
            alerts = batch.get("alerts")
        else:
            alerts, place = [ONE.read(value, path, found)], ""
        return None if len(found) > known else ([_draft(alert) for alert in alerts], place)


def _draft(alert: dict[str, Any]) -> AlertDraft:
    return AlertDraft(**alert)


async def submit(call: Call) -> Reply:
    """Take in one alert, or up to 1,000, all or none."""
    drafts, place = cast("tuple[list[AlertDraft], str]", call.body)
    if call.key is not None:
        drafts = _with_derived_ids(drafts, key=call.key)
    alert_ids = await call.parts.use.intake.submit(drafts, path=place, traceparent=call.traceparent)
    return Reply({"accepted": len(alert_ids), "alert_ids": list(alert_ids)}, 202)


def _with_derived_ids(drafts: list[AlertDraft], *, key: str) -> list[AlertDraft]:
    return [
        draft if draft.alert_id is not None else replace(draft, alert_id=derive_uuid("request", OWNER, key, str(place)))
        for place, draft in enumerate(drafts)
    ]


async def list_all(call: Call) -> Reply:
    """List the alerts that are kept, matched or not, newest first."""
    q = call.query
    where = AlertFilter(q["severity"], q["source"], q["name"], clamped_ms(q["since"]), clamped_ms(q["until"]))
    page = await call.parts.use.insight.alerts(PageRequest(q["limit"], q["cursor"]), where)
    return page_reply([alert_shape(stored) for stored in page.items], page.next_cursor)


async def explain(call: Call) -> Reply:
    """Say for each rule of a client why it matches an alert or does not."""
    explanation = await call.parts.use.insight.explain(None, call.path["alert_id"], call.query["client_id"])
    return Reply(explanation_shape(explanation, rules_max=call.query["limit"]))


async def get(call: Call) -> Reply:
    """Return one alert, and the notifications that were made of it."""
    return Reply(alert_detail_shape(await call.parts.use.insight.alert(None, call.path["alert_id"])))


_QUERY: Final = page_query(severity=SHOWN_SEVERITY, source=EXACT, name=EXACT, since=MOMENT, until=MOMENT)

OPERATIONS: Final = (
    Operation("POST", PREFIX, submit, body=_OneOrSeveral(), once=True),
    Operation("GET", PREFIX, list_all, query=_QUERY),
    Operation("GET", PREFIX + "/{alert_id:path}/explain", explain, query=Query({**LIMIT, "client_id": (EXACT, None)})),
    Operation("GET", PREFIX + "/{alert_id:path}", get),
)
