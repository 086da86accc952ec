"""Alerts: the way in, and why one did or did not notify anybody."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Request
from pydantic import Field

from alerting_backend.api.auth import AlertWriter, NotificationReader, RuleReader
from alerting_backend.api.container import Use
from alerting_backend.api.documented import ACCEPTED, BODY, CALLER, REPEATABLE, refusals
from alerting_backend.api.idempotency import Once, claimed_key
from alerting_backend.api.paging import LimitQuery, PageQuery, page_of
from alerting_backend.api.route import ApiRoute
from alerting_backend.api.schema.alert import (
    AlertBatch,
    AlertBody,
    AlertDetailShown,
    AlertsAccepted,
    AlertShown,
    NewAlert,
    show_alert,
    show_alert_detail,
)
from alerting_backend.api.schema.base import ItemPage, Moment, ShownSeverity
from alerting_backend.api.schema.explanation import ExplanationShown, show_explanation
from alerting_backend.api.trace import TraceParent
from alerting_core import limits
from alerting_core.api.moments import clamped_ms
from alerting_core.api.problem_kinds import ProblemKind
from alerting_core.app.submit import AlertDraft
from alerting_core.domain.ids import derive_uuid
from alerting_core.ports.alerts import AlertFilter

PREFIX = "/api/v1/alerts"

router = APIRouter(prefix=PREFIX, tags=["alerts"], route_class=ApiRoute)

AlertId = Annotated[str, Path(examples=["order-4711-timeout"])]
_K = ProblemKind


_Exact = Annotated[str | None, Field(max_length=limits.ID_CHARS_MAX)]


class AlertQuery(PageQuery):
    """Which alerts to list."""

    severity: ShownSeverity | None = None
    source: _Exact = None
    name: _Exact = None
    since: Annotated[Moment | None, Field(description="Recorded then or later; RFC 3339 with an offset.")] = None
    until: Annotated[Moment | None, Field(description="Recorded before then.")] = None

    @property
    def where(self) -> AlertFilter:
        """The same in the words of the port."""
        return AlertFilter(self.severity, self.source, self.name, clamped_ms(self.since), clamped_ms(self.until))


class ExplainQuery(LimitQuery):
    """Whose rules to look at."""

    client_id: Annotated[
        str | None,
        Field(max_length=limits.ID_CHARS_MAX, description="An operator's key must name it, a client's key need not."),
    ] = None


@router.post("", status_code=202, responses=ACCEPTED | refusals(*CALLER, *BODY, *REPEATABLE))
async def submit_alerts(
    use: Use,
    caller: AlertWriter,
    _once: Once,
    body: Annotated[AlertBody, Body()],
    request: Request,
    traceparent: TraceParent,
) -> AlertsAccepted:
    """Take in one alert, or up to 1,000, all or none.

    The body is one alert, `{"alerts": [...]}`, or a list of alerts. They are durable when the answer comes. Sending the
    same `alert_id` again is safe: nobody is told twice. With an `Idempotency-Key`, ids that were left out are made from
    it, so that this holds even when the first answer was lost.
    """
    drafts, path = _drafts(body)
    if (key := claimed_key(request)) is not None:
        drafts = _with_derived_ids(drafts, owner=caller.owner, key=key)
    alert_ids = await use.intake.submit(drafts, path=path, traceparent=traceparent)
    return AlertsAccepted(accepted=len(alert_ids), alert_ids=list(alert_ids))


def _drafts(body: AlertBody) -> tuple[list[AlertDraft], str]:
    """Return the drafts, and how the place of one in the request is written."""
    match body:
        case NewAlert():
            return [body.draft()], ""
        case AlertBatch():
            return [alert.draft() for alert in body.alerts], "alerts[{}]"
        case _:
            return [alert.draft() for alert in body], "[{}]"


def _with_derived_ids(drafts: list[AlertDraft], *, owner: str, key: str) -> list[AlertDraft]:
    return [
        draft if draft.alert_id is not None else replace(draft, alert_id=derive_uuid("request", owner, key, str(place)))
        for place, draft in enumerate(drafts)
    ]


@router.get("", responses=refusals(*CALLER, _K.INVALID_INPUT))
async def list_alerts(
    use: Use, _caller: NotificationReader, query: Annotated[AlertQuery, Query()]
) -> ItemPage[AlertShown]:
    """List the alerts that are kept, matched or not, newest first.

    Alerts have no owner: every client's rules are matched against all of them.
    """
    return page_of(await use.insight.alerts(query.page, query.where), show_alert)


@router.get("/{alert_id:path}/explain", responses=refusals(*CALLER, _K.NOT_FOUND, _K.INVALID_INPUT))
async def explain_alert(
    use: Use, caller: RuleReader, alert_id: AlertId, query: Annotated[ExplainQuery, Query()]
) -> ExplanationShown:
    """Say for each rule of a client why it matches an alert or does not.

    As the rules are now. Those that match come first, then the nearest; `limit` says how many.
    """
    explanation = await use.insight.explain(caller.scope, alert_id, query.client_id)
    return show_explanation(explanation, rules_max=query.limit)


@router.get("/{alert_id:path}", responses=refusals(*CALLER, _K.NOT_FOUND))
async def get_alert(use: Use, caller: NotificationReader, alert_id: AlertId) -> AlertDetailShown:
    """Return one alert, and the notifications that were made of it.

    A client's key sees its own client's notification.
    """
    return show_alert_detail(await use.insight.alert(caller.scope, alert_id))
