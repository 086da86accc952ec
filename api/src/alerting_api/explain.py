"""Why a rule matches an alert or does not, and what a draft rule would have matched."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from pydantic import AliasPath, Field

from alerting_api.alerts import ALERTS, AlertId, AlertShown
from alerting_api.auth import AlertReader, RuleReader, Use
from alerting_api.problems import BODY, CALLER, ProblemKind, refusals
from alerting_api.route import ApiRoute
from alerting_api.rules import RULES, RulePattern
from alerting_api.schema import LimitQuery, ResponseModel, RuleSeverity, Uuid
from alerting_core import limits
from alerting_core.domain.rule import RuleDraft
from alerting_core.matching.explain import MatchReason

router = APIRouter(route_class=ApiRoute)


class FindingShown(ResponseModel):
    """One thing that decided about a rule."""

    reason: MatchReason
    field: Annotated[str, Field(description="severity, source, name or enabled; empty when the rule matched.")]
    expected: str
    actual: str
    detail: Annotated[str, Field(description="One sentence for people.")]


class ExplainedRuleShown(ResponseModel):
    """The decision about one rule."""

    rule_id: Annotated[Uuid, Field(validation_alias=AliasPath("rule", "rule_id"))]
    severity: Annotated[RuleSeverity, Field(validation_alias=AliasPath("rule", "severity"))]
    source: Annotated[str, Field(validation_alias=AliasPath("rule", "source"))]
    name: Annotated[str, Field(validation_alias=AliasPath("rule", "name"))]
    enabled: Annotated[bool, Field(validation_alias=AliasPath("rule", "enabled"))]
    matched: Annotated[bool, Field(validation_alias=AliasPath("explanation", "matched"))]
    findings: Annotated[list[FindingShown], Field(validation_alias=AliasPath("explanation", "findings"))]


class ExplanationShown(ResponseModel):
    """Why an alert met the rules of a client or did not, as the rules are now."""

    alert: AlertShown
    client_id: str
    examined: Annotated[int, Field(description="How many rules the client has.")]
    matched: Annotated[int, Field(description="How many of the rules match.")]
    rules: Annotated[list[ExplainedRuleShown], Field(description="Those that match first, then the nearest.")]


class PreviewShown(ResponseModel):
    """What a draft rule would have matched."""

    examined: Annotated[int, Field(description="How many recent alerts the rule was tried against.")]
    matched: Annotated[int, Field(description="How many of them it matches.")]
    items: Annotated[list[AlertShown], Field(description="The latest of those, newest first.")]


class RulePreview(RulePattern):
    """A draft rule to try."""


class ExplainQuery(LimitQuery):
    """Whose rules to look at."""

    client_id: Annotated[
        str | None,
        Field(max_length=limits.ID_CHARS_MAX, description="An operator's key must name it, a client's key need not."),
    ] = None


@router.get(
    ALERTS + "/{alert_id:path}/explain",
    tags=["alerts"],
    responses=refusals(*CALLER, ProblemKind.NOT_FOUND, ProblemKind.INVALID_INPUT),
)
async def explain_alert(
    use: Use, caller: AlertReader, alert_id: AlertId, query: Annotated[ExplainQuery, Query()]
) -> ExplanationShown:
    """Say for each rule of a client why it matches an alert or does not.

    As the rules are now. Those that match come first, then the nearest; `limit` says how many.
    """
    explanation = await use.insight.explain(caller.scope, alert_id, query.client_id)
    return ExplanationShown.of(
        explanation,
        alert=AlertShown.of(explanation.stored),
        examined=len(explanation.rules),
        matched=sum(one.explanation.matched for one in explanation.rules),
        rules=explanation.rules[: query.limit],
    )


@router.post(RULES + "/preview", tags=["rules"], responses=refusals(*CALLER, *BODY))
async def preview_rule(use: Use, _caller: RuleReader, body: RulePreview) -> PreviewShown:
    """Try a draft rule against the recent alerts.

    Nothing is stored. Up to 5,000 of the latest alerts are looked at; the newest 50 that match are shown.
    """
    preview = await use.insight.preview(body.as_draft(RuleDraft))
    return PreviewShown.of(preview, items=[AlertShown.of(stored) for stored in preview.alerts])


@router.api_route(RULES + "/preview", methods=["GET", "PUT", "PATCH", "DELETE"], include_in_schema=False)
async def refuse_other_methods_of_preview() -> None:
    """Keep `preview` from being taken for the id of a rule."""
    raise HTTPException(405)
