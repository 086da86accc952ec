"""Rules: which alerts a client wants to be told about."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Response
from pydantic import Field

from alerting_backend.api.auth import RuleReader, RuleWriter
from alerting_backend.api.container import Use
from alerting_backend.api.documented import (
    BODY,
    CALLER,
    CREATED_VERSIONED,
    DELETED,
    REPEATABLE,
    SHOWN_VERSIONED,
    VERSIONED,
    refusals,
)
from alerting_backend.api.idempotency import Once
from alerting_backend.api.paging import PageQuery, page_of
from alerting_backend.api.route import ApiRoute
from alerting_backend.api.schema.base import ItemPage, RuleSeverity
from alerting_backend.api.schema.explanation import PreviewShown, RulePreview, show_preview
from alerting_backend.api.schema.rule import EnabledChange, NewRule, RuleReplacement, RuleShown, show_rule
from alerting_backend.api.versions import ExpectedVersion
from alerting_core import limits
from alerting_core.api.problem_kinds import ProblemKind
from alerting_core.api.versions import etag
from alerting_core.domain.rule import Rule, RuleDraft
from alerting_core.ports.catalog import RuleFilter

PREFIX = "/api/v1/rules"

router = APIRouter(prefix=PREFIX, tags=["rules"], route_class=ApiRoute)

RuleId = Annotated[str, Path(json_schema_extra={"format": "uuid"}, examples=["8c5dbd2d-3c4b-4b6e-9a55-0f5a1d4cf3b1"])]
_K = ProblemKind


class RuleQuery(PageQuery):
    """Which rules to list."""

    client_id: Annotated[str | None, Field(max_length=limits.ID_CHARS_MAX)] = None
    severity: Annotated[RuleSeverity | None, Field(description="Of the rule itself: `*` finds those with `*`.")] = None
    enabled: bool | None = None
    text: Annotated[
        str | None, Field(max_length=limits.ID_CHARS_MAX, description="Found in source or name, in any case.")
    ] = None

    @property
    def where(self) -> RuleFilter:
        """The same in the words of the port."""
        return RuleFilter(self.client_id, self.severity, self.enabled, self.text)


def _shown(rule: Rule, response: Response) -> RuleShown:
    response.headers["ETag"] = etag(rule.version)
    return show_rule(rule)


@router.post(
    "",
    status_code=201,
    responses=CREATED_VERSIONED | refusals(*CALLER, *BODY, *REPEATABLE, _K.NOT_FOUND, _K.CONFLICT, _K.LIMIT_EXCEEDED),
)
async def create_rule(use: Use, caller: RuleWriter, _once: Once, body: NewRule, response: Response) -> RuleShown:
    """Create a rule.

    Unique per client: a second rule with the same severity, source and name is refused (409).
    """
    rule = await use.rules.create(caller.scope, body.client_id, body.draft())
    response.headers["Location"] = f"{PREFIX}/{rule.rule_id}"
    return _shown(rule, response)


@router.post("/preview", responses=refusals(*CALLER, *BODY))
async def preview_rule(use: Use, _caller: RuleReader, body: RulePreview) -> PreviewShown:
    """Try a draft rule against the recent alerts.

    Nothing is stored. Up to 5,000 of the latest alerts are looked at; the newest 50 that match are shown.
    """
    return show_preview(await use.insight.preview(RuleDraft(body.severity, body.source, body.name)))


@router.api_route("/preview", methods=["GET", "PUT", "PATCH", "DELETE"], include_in_schema=False)
async def refuse_other_methods_of_preview() -> None:
    """Keep `preview` from being taken for the id of a rule."""
    raise HTTPException(405)


@router.get("", responses=refusals(*CALLER, _K.INVALID_INPUT))
async def list_rules(use: Use, caller: RuleReader, query: Annotated[RuleQuery, Query()]) -> ItemPage[RuleShown]:
    """List rules, newest first."""
    return page_of(await use.rules.list(caller.scope, query.page, query.where), show_rule)


@router.get("/{rule_id}", responses=SHOWN_VERSIONED | refusals(*CALLER, _K.NOT_FOUND))
async def get_rule(use: Use, caller: RuleReader, rule_id: RuleId, response: Response) -> RuleShown:
    """Return one rule."""
    return _shown(await use.rules.get(caller.scope, rule_id), response)


@router.put("/{rule_id}", responses=SHOWN_VERSIONED | refusals(*CALLER, *BODY, *VERSIONED, _K.CONFLICT))
async def replace_rule(
    use: Use,
    caller: RuleWriter,
    rule_id: RuleId,
    body: RuleReplacement,
    version: ExpectedVersion,
    response: Response,
) -> RuleShown:
    """Replace a rule.

    It takes effect in every evaluator within two seconds.
    """
    rule = await use.rules.replace(caller.scope, rule_id, body.draft(), expected_version=version)
    return _shown(rule, response)


@router.patch("/{rule_id}", responses=SHOWN_VERSIONED | refusals(*CALLER, *BODY, *VERSIONED))
async def enable_rule(
    use: Use, caller: RuleWriter, rule_id: RuleId, body: EnabledChange, version: ExpectedVersion, response: Response
) -> RuleShown:
    """Enable or disable a rule."""
    rule = await use.rules.set_enabled(caller.scope, rule_id, body.enabled, expected_version=version)
    return _shown(rule, response)


@router.delete("/{rule_id}", status_code=204, responses=DELETED | refusals(*CALLER, *VERSIONED))
async def delete_rule(use: Use, caller: RuleWriter, rule_id: RuleId, version: ExpectedVersion) -> None:
    """Delete a rule and its endpoints."""
    await use.rules.delete(caller.scope, rule_id, expected_version=version)
