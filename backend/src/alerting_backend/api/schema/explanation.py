"""Decisions about rules as JSON: why they matched or did not, and what a draft would have matched."""

from typing import Annotated

from pydantic import Field

from alerting_backend.api.schema.alert import AlertShown
from alerting_backend.api.schema.base import ResponseModel, RuleSeverity, Uuid
from alerting_backend.api.schema.rule import RulePattern
from alerting_core.api.shapes.alert import explanation_shape, preview_shape
from alerting_core.app.insight import Explanation, Preview
from alerting_core.matching.explain import MatchReason


class FindingShown(ResponseModel):
    """One thing that decided about a rule."""

    reason: MatchReason
    field: Annotated[str, Field(description="severity, source, name or enabled; empty when the rule matched.")]
    expected: str
    actual: str
    detail: Annotated[str, Field(description="One sentence for people.")]


class ExplainedRuleShown(ResponseModel):
    """The decision about one rule."""

    rule_id: Uuid
    severity: RuleSeverity
    source: str
    name: str
    enabled: bool
    matched: bool
    findings: list[FindingShown]


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


def show_explanation(explanation: Explanation, *, rules_max: int) -> ExplanationShown:
    """Write the decisions about the rules of a client as JSON, the first *rules_max* of them."""
    return ExplanationShown.model_validate(explanation_shape(explanation, rules_max=rules_max))


def show_preview(preview: Preview) -> PreviewShown:
    """Write what a draft rule would have matched as JSON."""
    return PreviewShown.model_validate(preview_shape(preview))
