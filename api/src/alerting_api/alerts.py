"""Alerts: the way in, those that are kept, and why a rule matches one or does not."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, Final, Self, TypeAlias

from fastapi import APIRouter, Body, Path, Query, Request
from pydantic import AliasPath, ConfigDict, Discriminator, Field, Tag

from alerting_api import schema
from alerting_api.auth import AlertReader, AlertWriter, Use
from alerting_api.route import ApiRoute, Once, TraceParent, claimed_key
from alerting_core import limits
from alerting_core.app.intake import AlertDraft
from alerting_core.domain.alert import EVENT_TS_MAX, check_context
from alerting_core.domain.notification import NotificationStatus
from alerting_core.domain.text import derive_uuid
from alerting_core.errors import Problem
from alerting_core.matching.explain import MatchReason
from alerting_core.ports.history import AlertFilter, StoredAlert

ALERTS: Final = "/api/v1/alerts"

router = APIRouter(prefix=ALERTS, tags=["alerts"], route_class=ApiRoute)

AlertId = Annotated[str, Path(examples=["order-4711-timeout"])]

_EXAMPLE: Final[Mapping[str, Any]] = {
    "severity": "CRITICAL",
    "source": "api",
    "name": "timeout",
    "context": {"environment": "prod", "region": "us-east-1"},
}
_ALERT_ID: Final = "order-4711-timeout"
_SHOWN: Final[Mapping[str, Any]] = {
    "alert_id": _ALERT_ID,
    **_EXAMPLE,
    "event_ts": 1767323045,
    "client_id": None,
    "received_at": "2026-01-02T03:04:05.678Z",
}
_NOTIFIED: Final[Mapping[str, Any]] = {
    "notification_id": "5f7f1a0c-0c52-8d11-9b8e-3d7a1c1de0aa",
    "client_id": "acme",
    "rule_ids": ["8c5dbd2d-3c4b-4b6e-9a55-0f5a1d4cf3b1"],
    "status": "SENT",
    "created_at": "2026-01-02T03:04:05.678Z",
    "updated_at": "2026-01-02T03:04:05.912Z",
}


def _check_context(context: dict[str, str]) -> Iterator[Problem]:
    for problem in check_context(context):
        path = problem.path.removeprefix("context").removeprefix(".")
        yield Problem(path, problem.code, problem.detail)


Context: TypeAlias = Annotated[
    dict[str, str],
    Field(description="Labels and annotations, text to text.", max_length=limits.CONTEXT_ENTRIES_MAX),
    schema.checked_by(_check_context),
]


class NewAlert(schema.RequestModel):
    """One alert to take in."""

    model_config = ConfigDict(json_schema_extra={"examples": [dict(_EXAMPLE)]})

    alert_id: Annotated[
        schema.Identifier | None,
        Field(
            description="Unique per occurrence: the same id again is the same alert again. Left out: one is made. "
            "Each client's private alerts have their own ids, and so have those that are shared."
        ),
    ] = None
    severity: schema.AlertSeverity
    source: Annotated[schema.Text, Field(description="System that reports.")]
    name: Annotated[schema.Text, Field(description="What happened.")]
    event_ts: Annotated[
        int | None, Field(ge=0, le=EVENT_TS_MAX, description="When it happened, unix seconds. Left out: now.")
    ] = None
    context: Context = Field(default_factory=dict)
    client_id: Annotated[
        schema.Identifier | None,
        Field(
            description="For an operator's key, the client that the alert is private to. Left out: the alert is "
            "shared. What a client's key sends is private to that client, and no other may be named."
        ),
    ] = None

    def draft(self) -> AlertDraft:
        """Return the same for the use case."""
        values = (self.severity, self.source, self.name, self.context, self.alert_id, self.event_ts, self.client_id)
        return AlertDraft(*values)


AlertList: TypeAlias = Annotated[list[NewAlert], Field(min_length=1, max_length=limits.ALERTS_PER_REQUEST_MAX)]


class AlertBatch(schema.RequestModel):
    """Several alerts to take in, all or none."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"alerts": [dict(_EXAMPLE)]}]})

    alerts: AlertList


def _form(body: Any) -> str:
    if isinstance(body, list):
        return schema.UNION_TAG + "list"
    return schema.UNION_TAG + ("batch" if isinstance(body, dict) and "alerts" in body else "one")


AlertBody: TypeAlias = Annotated[
    Annotated[NewAlert, Tag(schema.UNION_TAG + "one")]
    | Annotated[AlertBatch, Tag(schema.UNION_TAG + "batch")]
    | Annotated[AlertList, Tag(schema.UNION_TAG + "list")],
    Discriminator(_form),
]
"""One alert, or several in either of two forms."""


class AlertsAccepted(schema.ResponseModel):
    """Alerts that are durable now."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"accepted": 1, "alert_ids": [_ALERT_ID]}]})

    accepted: int
    alert_ids: Annotated[list[str], Field(description="In the order of the request.")]


class AlertShown(schema.ResponseModel):
    """An alert as it was taken in."""

    model_config = ConfigDict(json_schema_extra={"examples": [dict(_SHOWN)]})

    alert_id: str
    severity: schema.ShownSeverity
    source: str
    name: str
    context: dict[str, str]
    event_ts: int
    client_id: Annotated[str | None, Field(description="Whose private alert it is; null: it is shared.")]
    received_at: schema.Time

    @classmethod
    def of(cls, value: object, /, **more: object) -> Self:
        """Read a stored alert."""
        if isinstance(value, StoredAlert):
            owner = value.alert.owner or None
            return super().of(value.alert, client_id=owner, received_at_ms=value.received_at_ms, **more)
        return super().of(value, **more)


class NotifiedShown(schema.ResponseModel):
    """A notification that was made of an alert."""

    notification_id: schema.Uuid
    client_id: str
    rule_ids: Annotated[
        list[schema.Uuid], Field(description="The client's rules that matched, the most specific first.")
    ]
    status: NotificationStatus
    created_at: schema.Time
    updated_at: schema.Time


class AlertDetailShown(AlertShown):
    """An alert, and whom it notified."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**_SHOWN, "notifications": [dict(_NOTIFIED)], "more_notifications": False}]}
    )

    notifications: Annotated[list[NotifiedShown], Field(description="The caller's own, newest first, 50 at the most.")]
    more_notifications: Annotated[
        bool, Field(description="Whether there are more: the list of notifications has them, by `alert_id`.")
    ]


Owner: TypeAlias = Annotated[
    str | None,
    Field(
        max_length=limits.ID_CHARS_MAX,
        description="The client whose private alert is meant; empty: the shared one.",
        examples=["acme"],
    ),
]


class AlertQuery(schema.PageQuery):
    """Which alerts to list."""

    severity: schema.ShownSeverity | None = None
    source: schema.Exact = None
    name: schema.Exact = None
    since: Annotated[schema.Moment | None, Field(description="Recorded then or later; RFC 3339 with an offset.")] = None
    until: Annotated[schema.Moment | None, Field(description="Recorded before then.")] = None
    owner: Owner = None

    @property
    def where(self) -> AlertFilter:
        """The same in the words of the port."""
        since_ms, until_ms = schema.clamped_ms(self.since), schema.clamped_ms(self.until)
        return AlertFilter(self.severity, self.source, self.name, since_ms, until_ms, self.owner)


class FindingShown(schema.ResponseModel):
    """One thing that decided about a rule."""

    reason: MatchReason
    field: Annotated[str, Field(description="severity, source, name or enabled; empty when the rule matched.")]
    expected: str
    actual: str
    detail: Annotated[str, Field(description="One sentence for people.")]


class ExplainedRuleShown(schema.ResponseModel):
    """The decision about one rule."""

    rule_id: Annotated[schema.Uuid, Field(validation_alias=AliasPath("rule", "rule_id"))]
    severity: Annotated[schema.RuleSeverity, Field(validation_alias=AliasPath("rule", "severity"))]
    source: Annotated[str, Field(validation_alias=AliasPath("rule", "source"))]
    name: Annotated[str, Field(validation_alias=AliasPath("rule", "name"))]
    enabled: Annotated[bool, Field(validation_alias=AliasPath("rule", "enabled"))]
    matched: Annotated[bool, Field(validation_alias=AliasPath("explanation", "matched"))]
    findings: Annotated[list[FindingShown], Field(validation_alias=AliasPath("explanation", "findings"))]


class ExplanationShown(schema.ResponseModel):
    """Why an alert met the rules of a client or did not, as the rules are now."""

    alert: AlertShown
    client_id: str
    examined: Annotated[int, Field(description="How many rules the client has.")]
    matched: Annotated[int, Field(description="How many of the rules match.")]
    rules: Annotated[list[ExplainedRuleShown], Field(description="Those that match first, then the nearest.")]


class ExplainQuery(schema.LimitQuery):
    """Whose rules to look at."""

    client_id: Annotated[
        str | None,
        Field(max_length=limits.ID_CHARS_MAX, description="An operator's key must name it, a client's key need not."),
    ] = None
    owner: Owner = None


class OwnerQuery(schema.QueryModel):
    """Which one of the alerts of an id. Left out: a client's own before the shared one; for an operator the reverse."""

    owner: Owner = None


@router.post("", status_code=202)
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

    What a client's key sends is private to the client: its rules alone meet it, and nobody else sees it. What an
    operator's key sends is shared: the rules of all clients meet it, unless it names a `client_id`.
    """
    drafts, path = _drafts(body)
    if (key := claimed_key(request)) is not None:
        drafts = _with_derived_ids(drafts, owner=caller.owner, key=key)
    submitted = await use.intake.submit(caller.scope, drafts, path=path, traceparent=traceparent)
    alert_ids = [one.alert_id for one in submitted if one.alert_id is not None]
    return AlertsAccepted(accepted=len(submitted), alert_ids=alert_ids)


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


@router.get("")
async def list_alerts(
    use: Use, caller: AlertReader, query: Annotated[AlertQuery, Query()]
) -> schema.ItemPage[AlertShown]:
    """List the alerts that are kept, matched or not, newest first.

    A client's key sees the client's private alerts, and the shared ones that notified it; with the scope `alerts:read`
    all that are shared. An operator's key sees all.
    """
    return schema.page_of(await use.insight.alerts(caller.alert_access, query.page, query.where), AlertShown)


@router.get("/{alert_id:path}/explain")
async def explain_alert(
    use: Use, caller: AlertReader, alert_id: AlertId, query: Annotated[ExplainQuery, Query()]
) -> ExplanationShown:
    """Say for each rule of a client why it matches an alert or does not.

    As the rules are now. Those that match come first, then the nearest; `limit` says how many.
    """
    explanation = await use.insight.explain(caller.alert_access, alert_id, query.client_id, owner=query.owner)
    return ExplanationShown.of(
        explanation,
        alert=AlertShown.of(explanation.stored),
        examined=len(explanation.rules),
        matched=sum(one.explanation.matched for one in explanation.rules),
        rules=explanation.rules[: query.limit],
    )


# After explaining: an id in a path may be anything.
@router.get("/{alert_id:path}")
async def get_alert(
    use: Use, caller: AlertReader, alert_id: AlertId, query: Annotated[OwnerQuery, Query()]
) -> AlertDetailShown:
    """Return one alert, and the notifications that were made of it.

    A client's key sees its own client's notification.
    """
    detail = await use.insight.alert(caller.alert_access, alert_id, owner=query.owner)
    return AlertDetailShown.of(detail.stored, notifications=detail.notifications, more_notifications=detail.has_more)
