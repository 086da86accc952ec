"""Rules: which alerts a client wants to be told about, and what a draft of one would have matched."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

from fastapi import APIRouter, HTTPException, Path, Query, Response
from pydantic import ConfigDict, Field

from alerting_api import schema
from alerting_api.alerts import AlertShown
from alerting_api.auth import RuleReader, RuleWriter, Use
from alerting_api.problems import CREATED_VERSIONED, SHOWN_VERSIONED, ProblemKind, etag, refusals
from alerting_api.route import ApiRoute, ExpectedVersion, Once
from alerting_core import limits
from alerting_core.domain.rule import NAME_SHOWN_CHARS_MAX, Catches, Rule, RuleDraft, check_draft, pattern_warnings
from alerting_core.errors import ProblemCode
from alerting_core.ports.catalog import RuleFilter

RULES: Final = "/api/v1/rules"

router = APIRouter(prefix=RULES, tags=["rules"], route_class=ApiRoute)

RuleId = Annotated[str, Path(json_schema_extra={"format": "uuid"}, examples=["8c5dbd2d-3c4b-4b6e-9a55-0f5a1d4cf3b1"])]

_PATTERN: Final[Mapping[str, Any]] = {"severity": "CRITICAL", "source": "api", "name": "*"}
_SHOWN: Final[Mapping[str, Any]] = {
    "rule_id": "8c5dbd2d-3c4b-4b6e-9a55-0f5a1d4cf3b1",
    "client_id": "acme",
    **_PATTERN,
    "catches": "pattern",
    "description": "The database is down for everybody.",
    "name_shown": "Main database down",
    "warnings": [],
    "enabled": True,
    "version": 1,
    "created_at": "2026-01-02T03:04:05.678Z",
    "updated_at": "2026-01-02T03:04:05.678Z",
}
_CATCHES: Final = (
    "`pattern`: the alerts that severity, source and name say. `everything`: all. `unmatched`: those that no rule of "
    "anybody meets by its pattern. The last two are for an operator's key, with `*` in all three fields, and at most "
    f"{limits.CATCH_ALL_RULES_MAX} rules for all clients together: each adds a notification to every alert that it "
    "meets. They meet shared alerts, and the private ones of their own client. A notification by an `unmatched` rule "
    "tells its client that no other client's rule met the alert."
)
_K = ProblemKind


class RulePattern(schema.CheckedModel):
    """Which alerts a rule meets: severity, source and name, each exact (case-sensitive) or `*`, not all three `*`.

    An operator's key may have it catch more: then all three are `*`, and `catches` says what.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [dict(_PATTERN)]})

    severity: Annotated[schema.RuleSeverity, Field(description="`*` also meets alerts of unknown severity.")]
    source: Annotated[schema.Text, Field(description="System that reports, exact or `*`.")]
    name: Annotated[schema.Text, Field(description="What happened, exact or `*`.")]
    catches: Annotated[Catches, Field(strict=False, description=_CATCHES)] = Catches.PATTERN

    def check(self) -> schema.Problems:
        """Return what is wrong with the pattern."""
        return check_draft(self.as_draft(RuleDraft))


class RuleBody(RulePattern):
    """What a new rule and a replacement have in common."""

    description: schema.Description = None
    name_shown: Annotated[
        str | None,
        schema.bounds(NAME_SHOWN_CHARS_MAX, empty=True),
        Field(description="What people call it, in one line. Left out: empty in a new rule, else as it is."),
    ] = None


class RuleReplacement(RuleBody):
    """A rule to put in the place of the stored one."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_PATTERN, "enabled": True}]})

    enabled: Annotated[bool | None, Field(description="A disabled rule never matches. Left out: as it is.")] = None


class NewRule(RuleBody):
    """A rule to create."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"client_id": "acme", **_PATTERN}]})

    client_id: Annotated[
        schema.Identifier | None,
        Field(description="Whose rule it is. An operator's key must name it, a client's key need not."),
    ] = None
    enabled: Annotated[bool, Field(description="A disabled rule never matches.")] = True


class RulePreview(RulePattern):
    """A draft rule to try."""


class EnabledChange(schema.RequestModel):
    """Switches an object on or off and leaves the rest."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"enabled": False}]})

    enabled: bool


class RuleWarning(schema.ResponseModel):
    """What looks like a mistake in a rule, which is taken all the same."""

    path: Annotated[str, Field(description="source or name.")]
    code: Annotated[Literal[ProblemCode.LOOKS_LIKE_PATTERN], Field(description="It is compared as it is written.")]
    detail: Annotated[str, Field(description="What, and what to write instead, for people.")]


Warnings: TypeAlias = Annotated[
    list[RuleWarning],
    Field(description="What looks like a mistake: `Kube*`, `^Kube` and `A|B` are no patterns, and meet nothing else."),
]


class RuleShown(schema.ResponseModel):
    """A rule: what a client wants to be told about."""

    model_config = ConfigDict(json_schema_extra={"examples": [dict(_SHOWN)]})

    rule_id: schema.Uuid
    client_id: str
    severity: schema.RuleSeverity
    source: str
    name: str
    catches: Annotated[
        Catches, Field(description="Other than `pattern`: an operator's rule, which only an operator's key changes.")
    ]
    description: str
    name_shown: Annotated[str, Field(description="The heading of the rule for people; empty: what it matches.")]
    warnings: Warnings
    enabled: bool
    version: Annotated[int, Field(description="1 when created, one more with each change; also the `ETag`.")]
    created_at: schema.Time
    updated_at: schema.Time


class PreviewShown(schema.ResponseModel):
    """What a draft rule would have matched."""

    examined: Annotated[int, Field(description="How many recent alerts the rule was tried against.")]
    matched: Annotated[int, Field(description="How many of them it matches.")]
    items: Annotated[list[AlertShown], Field(description="The latest of those, newest first.")]
    warnings: Warnings


class RuleQuery(schema.PageQuery):
    """Which rules to list."""

    client_id: schema.Exact = None
    severity: Annotated[
        schema.RuleSeverity | None, Field(description="Of the rule itself: `*` finds those with `*`.")
    ] = None
    enabled: bool | None = None
    text: Annotated[
        str | None, Field(max_length=limits.ID_CHARS_MAX, description="Found in source or name, in any case.")
    ] = None
    catches: Catches | None = None

    @property
    def where(self) -> RuleFilter:
        """The same in the words of the port."""
        return RuleFilter(self.client_id, self.severity, self.enabled, self.text, self.catches)


def _shown(rule: Rule, response: Response) -> RuleShown:
    response.headers["ETag"] = etag(rule.version)
    return RuleShown.of(rule)


@router.post("", status_code=201, responses=CREATED_VERSIONED | refusals(_K.NOT_FOUND, _K.CONFLICT, _K.LIMIT_EXCEEDED))
async def create_rule(use: Use, caller: RuleWriter, _once: Once, body: NewRule, response: Response) -> RuleShown:
    """Create a rule.

    Source and name are compared as they are written; what looks like a pattern is taken, with a warning in the answer.
    Unique per client: a second rule with the same severity, source, name and `catches` is refused (409).
    """
    rule = await use.rules.create(caller.scope, body.client_id, body.as_draft(RuleDraft))
    response.headers["Location"] = f"{RULES}/{rule.rule_id}"
    return _shown(rule, response)


@router.get("")
async def list_rules(use: Use, caller: RuleReader, query: Annotated[RuleQuery, Query()]) -> schema.ItemPage[RuleShown]:
    """List rules, newest first."""
    return schema.page_of(await use.rules.list(caller.scope, query.page, query.where), RuleShown)


@router.post("/preview")
async def preview_rule(use: Use, caller: RuleReader, body: RulePreview) -> PreviewShown:
    """Try a draft rule against the recent alerts.

    Nothing is stored. Up to 5,000 of the latest alerts are looked at; the newest 50 that match are shown.
    A client's key tries it against those that the list of alerts shows it. What `catches` more than a pattern is tried
    against shared alerts alone; what would be `unmatched` follows from the rules as they are now.
    """
    preview = await use.insight.preview(caller.alert_access, body.as_draft(RuleDraft))
    items = [AlertShown.of(stored) for stored in preview.alerts]
    return PreviewShown.of(preview, items=items, warnings=pattern_warnings(body.source, body.name))


@router.api_route("/preview", methods=["GET", "PUT", "PATCH", "DELETE"], include_in_schema=False)
async def refuse_other_methods_of_preview() -> None:
    """Keep `preview` from being taken for the id of a rule."""
    raise HTTPException(405)


# After previews: `preview` is no id.
@router.get("/{rule_id}", responses=SHOWN_VERSIONED)
async def get_rule(use: Use, caller: RuleReader, rule_id: RuleId, response: Response) -> RuleShown:
    """Return one rule."""
    return _shown(await use.rules.get(caller.scope, rule_id), response)


@router.put("/{rule_id}", responses=SHOWN_VERSIONED | refusals(_K.CONFLICT, _K.LIMIT_EXCEEDED))
async def replace_rule(
    use: Use, caller: RuleWriter, rule_id: RuleId, body: RuleReplacement, version: ExpectedVersion, response: Response
) -> RuleShown:
    """Replace a rule. A client's key changes none that `catches` more than a pattern (409).

    It takes effect within two seconds (p99), or the platform says that it has not.
    """
    rule = await use.rules.replace(caller.scope, rule_id, body.as_draft(RuleDraft), expected_version=version)
    return _shown(rule, response)


@router.patch("/{rule_id}", responses=SHOWN_VERSIONED | refusals(_K.CONFLICT))
async def enable_rule(
    use: Use, caller: RuleWriter, rule_id: RuleId, body: EnabledChange, version: ExpectedVersion, response: Response
) -> RuleShown:
    """Enable or disable a rule."""
    rule = await use.rules.set_enabled(caller.scope, rule_id, body.enabled, expected_version=version)
    return _shown(rule, response)


@router.delete("/{rule_id}", status_code=204, responses=refusals(_K.CONFLICT))
async def delete_rule(use: Use, caller: RuleWriter, rule_id: RuleId, version: ExpectedVersion) -> None:
    """Delete a rule and its endpoints."""
    await use.rules.delete(caller.scope, rule_id, expected_version=version)
