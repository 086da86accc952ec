"""Rules as JSON."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field, model_validator

from alerting_backend.api.schema.base import (
    Identifier,
    RequestModel,
    ResponseModel,
    RuleSeverity,
    Text,
    Time,
    Uuid,
)
from alerting_backend.api.validation import core_error
from alerting_core.api.shapes.rule import rule_shape
from alerting_core.domain.rule import Rule, RuleDraft, check_rule

_PATTERN: Final[Mapping[str, Any]] = {"severity": "CRITICAL", "source": "api", "name": "*"}


class RulePattern(RequestModel):
    """Which alerts a rule meets: severity, source and name, each exact (case-sensitive) or `*`, not all three `*`."""

    model_config = ConfigDict(json_schema_extra={"examples": [dict(_PATTERN)]})

    severity: Annotated[RuleSeverity, Field(description="`*` also meets alerts of unknown severity.")]
    source: Annotated[Text, Field(description="System that reports, exact or `*`.")]
    name: Annotated[Text, Field(description="What happened, exact or `*`.")]

    @model_validator(mode="after")
    def _check(self) -> "RulePattern":
        if problems := check_rule(self.severity, self.source, self.name):
            raise core_error(problems)
        return self


class RuleReplacement(RulePattern):
    """A rule to put in the place of the stored one."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_PATTERN, "enabled": True}]})

    enabled: Annotated[bool | None, Field(description="A disabled rule never matches. Left out: as it is.")] = None

    def draft(self) -> RuleDraft:
        """Return the same for the use case."""
        return RuleDraft(self.severity, self.source, self.name, self.enabled)


class NewRule(RulePattern):
    """A rule to create."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"client_id": "acme", **_PATTERN}]})

    client_id: Annotated[
        Identifier | None,
        Field(description="Whose rule it is. An operator's key must name it, a client's key need not."),
    ] = None
    enabled: Annotated[bool, Field(description="A disabled rule never matches.")] = True

    def draft(self) -> RuleDraft:
        """Return the same for the use case."""
        return RuleDraft(self.severity, self.source, self.name, self.enabled)


class EnabledChange(RequestModel):
    """Switches an object on or off and leaves the rest."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"enabled": False}]})

    enabled: bool


class RuleShown(ResponseModel):
    """A rule: what a client wants to be told about."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "rule_id": "8c5dbd2d-3c4b-4b6e-9a55-0f5a1d4cf3b1",
                    "client_id": "acme",
                    **_PATTERN,
                    "enabled": True,
                    "version": 1,
                    "created_at": "2026-01-02T03:04:05.678Z",
                    "updated_at": "2026-01-02T03:04:05.678Z",
                }
            ]
        }
    )

    rule_id: Uuid
    client_id: str
    severity: RuleSeverity
    source: str
    name: str
    enabled: bool
    version: Annotated[int, Field(description="1 when created, one more with each change; also the `ETag`.")]
    created_at: Time
    updated_at: Time


def show_rule(rule: Rule) -> RuleShown:
    """Write *rule* as JSON."""
    return RuleShown.model_validate(rule_shape(rule))
