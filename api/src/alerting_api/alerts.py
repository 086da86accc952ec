"""Alerts that are kept, and why a rule matches one or does not."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Self, TypeAlias

from fastapi import Path, Query
from pydantic import AliasPath, ConfigDict, Field

from alerting_api import schema
from alerting_api.auth import AlertReader, Use
from alerting_api.intake import EPISODE_ID, EVENT, router
from alerting_core import limits
from alerting_core.domain.alert import Alert, AlertStatus
from alerting_core.domain.episode import EndedBy
from alerting_core.domain.notification import NotificationStatus
from alerting_core.domain.rule import Catches
from alerting_core.matching.explain import MatchReason
from alerting_core.ports.history import AlertFilter, StoredAlert

AlertId = Annotated[str, Path(examples=["order-4711-timeout"])]

_SHOWN: Final[Mapping[str, Any]] = {
    "alert_id": "order-4711-timeout",
    **EVENT,
    "event_ts": 1767323045,
    "client_id": None,
    "received_at": "2026-01-02T03:04:05.678Z",
    "status": None,
    "starts_at": None,
    "ends_at": None,
    "fingerprint": None,
}
_RESOLVED: Final[Mapping[str, Any]] = {
    **_SHOWN,
    "alert_id": EPISODE_ID,
    "status": "resolved",
    "starts_at": "2026-01-02T03:04:05.000Z",
    "ends_at": "2026-01-02T03:24:05.000Z",
    "fingerprint": "9d3f0c1ab2e84f5d8e6a7b1c2d3e4f50",
}
_NOTIFIED: Final[Mapping[str, Any]] = {
    "notification_id": "5f7f1a0c-0c52-8d11-9b8e-3d7a1c1de0aa",
    "client_id": "acme",
    "rule_ids": ["8c5dbd2d-3c4b-4b6e-9a55-0f5a1d4cf3b1"],
    "status": "SENT",
    "ends_at": None,
    "resolved_notification_id": "0e9b8c7d-6a5f-8e4d-9c3b-2a1f0e9d8c7b",
    "created_at": "2026-01-02T03:04:05.678Z",
    "updated_at": "2026-01-02T03:04:05.912Z",
}


class AlertShown(schema.ResponseModel):
    """An alert as it was taken in; one with a life, which fires and is resolved later, as it is now."""

    model_config = ConfigDict(json_schema_extra={"examples": [dict(_SHOWN), dict(_RESOLVED)]})

    alert_id: str
    severity: schema.ShownSeverity
    source: str
    name: str
    context: Annotated[dict[str, str], Field(description="Labels.")]
    annotations: Annotated[dict[str, str], Field(description="What its source says of it to people.")]
    event_ts: int
    client_id: Annotated[str | None, Field(description="Whose private alert it is; null: it is shared.")]
    received_at: schema.Time
    status: Annotated[
        schema.ShownAlertStatus | None,
        Field(description="Of an alert with a life; null: it is an event, which happened and is over."),
    ]
    starts_at: Annotated[schema.Time | None, Field(description="Of one with a life: since when it fires, or fired.")]
    ends_at: Annotated[schema.Time | None, Field(description="Of one that is resolved: when it ended.")]
    fingerprint: Annotated[
        str | None, Field(description="Of one with a life: the same each time that it fires, each of which has its id.")
    ]

    @classmethod
    def of(cls, value: object, /, **more: object) -> Self:
        """Read a stored alert."""
        if isinstance(value, StoredAlert):
            return super().of(value.alert, received_at_ms=value.received_at_ms, **_as_shown(value.alert), **more)
        return super().of(value, **more)


def _as_shown(alert: Alert) -> Mapping[str, object]:
    """Return what is shown of *alert* otherwise than it is kept."""
    return {
        "client_id": alert.owner or None,
        "status": alert.status if alert.has_life else None,
        "starts_at_ms": alert.event_ts * 1_000 if alert.has_life else None,
        "ends_at_ms": None if alert.ends_at is None else alert.ends_at * 1_000,
        "fingerprint": alert.fingerprint or None,
    }


class NotifiedShown(schema.ResponseModel):
    """A notification by which a client learned of an alert."""

    notification_id: schema.Uuid
    client_id: str
    rule_ids: Annotated[
        list[schema.Uuid], Field(description="The client's rules that matched, the most specific first.")
    ]
    status: NotificationStatus
    ends_at: Annotated[
        schema.Time | None, Field(description="When the alert ended, if this notification says that it is over, too.")
    ]
    resolved_notification_id: Annotated[
        schema.Uuid | None,
        Field(description="The notification by which the client learned of the end."),
    ]
    created_at: schema.Time
    updated_at: schema.Time


class AlertDetailShown(AlertShown):
    """An alert, whom it notified, and what ended it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_RESOLVED,
                    "notifications": [dict(_NOTIFIED)],
                    "more_notifications": False,
                    "ended_by": EndedBy.REPORT,
                }
            ]
        }
    )

    notifications: Annotated[list[NotifiedShown], Field(description="The caller's own, newest first, 50 at the most.")]
    more_notifications: Annotated[
        bool, Field(description="Whether there are more: the list of notifications has them, by `alert_id`.")
    ]
    ended_by: Annotated[
        EndedBy | None,
        Field(
            description="Of one that is resolved. report: a sender said when it ended. silence: it was not sent any "
            "more. null: it fires, it is an event, or it has fired anew since.",
        ),
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
    status: Annotated[
        schema.AlertStatusName | None,
        Field(description="Alerts with a life that fire, or that are resolved; no events."),
    ] = None

    @property
    def where(self) -> AlertFilter:
        """The same in the words of the port."""
        since_ms, until_ms = schema.clamped_ms(self.since), schema.clamped_ms(self.until)
        status = AlertStatus.from_word(self.status)
        return AlertFilter(self.severity, self.source, self.name, since_ms, until_ms, self.owner, status)


class FindingShown(schema.ResponseModel):
    """One thing that decided about a rule."""

    reason: MatchReason
    field: Annotated[
        str, Field(description="severity, source, name, enabled, client_id or catches; empty when the rule matched.")
    ]
    expected: str
    actual: str
    detail: Annotated[str, Field(description="One sentence for people.")]


class ExplainedRuleShown(schema.ResponseModel):
    """The decision about one rule."""

    rule_id: Annotated[schema.Uuid, Field(validation_alias=AliasPath("rule", "rule_id"))]
    severity: Annotated[schema.RuleSeverity, Field(validation_alias=AliasPath("rule", "severity"))]
    source: Annotated[str, Field(validation_alias=AliasPath("rule", "source"))]
    name: Annotated[str, Field(validation_alias=AliasPath("rule", "name"))]
    catches: Annotated[Catches, Field(validation_alias=AliasPath("rule", "catches"))]
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

    As the rules are now. Those that match come first, then the nearest; `limit` says how many. Whether rules of other
    clients meet the alert, on which one that catches what is `unmatched` depends, is told to an operator's key alone.
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
    return AlertDetailShown.of(
        detail.stored,
        notifications=detail.notifications,
        more_notifications=detail.has_more,
        ended_by=detail.ended_by,
    )
