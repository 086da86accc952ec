"""Rules."""

from typing import Any, Final

from alerting_core.api.shapes.alert import preview_shape
from alerting_core.api.shapes.rule import rule_shape
from alerting_core.api.versions import etag
from alerting_core.domain.rule import Rule, RuleDraft, check_rule
from alerting_core.ports.catalog import RuleFilter
from alerting_core.ports.paging import PageRequest
from alerting_core.problem import Problem
from alerting_playground.http.kinds import Boolean, Nullable
from alerting_playground.http.objects import Field, Object, optional
from alerting_playground.http.operation import Call, Operation, Reply, page_reply
from alerting_playground.http.query import EXACT, RULE_SEVERITY, WRITTEN_BOOLEAN, page_query
from alerting_playground.http.routes.clients import IDENTIFIER, NAME

PREFIX: Final = "/api/v1/rules"


def _check(fields: dict[str, Any]) -> tuple[Problem, ...]:
    return check_rule(fields["severity"], fields["source"], fields["name"])


_PATTERN: Final = {"severity": Field(RULE_SEVERITY), "source": Field(NAME), "name": Field(NAME)}

PREVIEW: Final = Object(_PATTERN, _check)
REPLACEMENT: Final = Object({**_PATTERN, "enabled": optional(Nullable(Boolean()))}, _check)
NEW: Final = Object(
    {**_PATTERN, "client_id": optional(Nullable(IDENTIFIER)), "enabled": optional(Boolean(), True)}, _check
)
ENABLED: Final = Object({"enabled": Field(Boolean())})


def _draft(body: dict[str, Any]) -> RuleDraft:
    return RuleDraft(body["severity"], body["source"], body["name"], body.get("enabled"))


def _shown(rule: Rule, status: int = 200, **headers: str) -> Reply:
    return Reply(rule_shape(rule), status, {**headers, "ETag": etag(rule.version)})


async def create(call: Call) -> Reply:
    """Create a rule."""
    rule = await call.parts.use.rules.create(None, call.body["client_id"], _draft(call.body))
    return _shown(rule, 201, Location=f"{PREFIX}/{rule.rule_id}")


async def preview(call: Call) -> Reply:
    """Try a draft rule against the recent alerts."""
    return Reply(preview_shape(await call.parts.use.insight.preview(_draft(call.body))))


async def list_all(call: Call) -> Reply:
    """List rules, newest first."""
    q = call.query
    where = RuleFilter(q["client_id"], q["severity"], q["enabled"], q["text"])
    page = await call.parts.use.rules.list(None, PageRequest(q["limit"], q["cursor"]), where)
    return page_reply([rule_shape(rule) for rule in page.items], page.next_cursor)


async def get(call: Call) -> Reply:
    """Return one rule."""
    return _shown(await call.parts.use.rules.get(None, call.path["rule_id"]))


async def replace(call: Call) -> Reply:
    """Replace a rule."""
    use, version = call.parts.use, call.expected_version
    return _shown(await use.rules.replace(None, call.path["rule_id"], _draft(call.body), expected_version=version))


async def enable(call: Call) -> Reply:
    """Enable or disable a rule."""
    enabled, version = call.body["enabled"], call.expected_version
    rules = call.parts.use.rules
    return _shown(await rules.set_enabled(None, call.path["rule_id"], enabled, expected_version=version))


async def delete(call: Call) -> Reply:
    """Delete a rule and its endpoints."""
    await call.parts.use.rules.delete(None, call.path["rule_id"], expected_version=call.expected_version)
    return Reply(status=204)


_ONE: Final = PREFIX + "/{rule_id}"
_QUERY: Final = page_query(client_id=EXACT, severity=RULE_SEVERITY, enabled=WRITTEN_BOOLEAN, text=EXACT)

OPERATIONS: Final = (
    Operation("POST", PREFIX, create, body=NEW, once=True),
    Operation("POST", PREFIX + "/preview", preview, body=PREVIEW),
    Operation("GET", PREFIX, list_all, query=_QUERY),
    Operation("GET", _ONE, get),
    Operation("PUT", _ONE, replace, body=REPLACEMENT, versioned=True),
    Operation("PATCH", _ONE, enable, body=ENABLED, versioned=True),
    Operation("DELETE", _ONE, delete, versioned=True),
)
