"""Endpoints: where a client wants to be told. They are created under the rule that they belong to."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from alerting_backend.api.auth import RuleReader, RuleWriter
from alerting_backend.api.container import Use
from alerting_backend.api.documented import (
    ACCEPTED,
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
from alerting_backend.api.routes import rules
from alerting_backend.api.schema.base import ItemPage
from alerting_backend.api.schema.endpoint import (
    EndpointReplacement,
    EndpointShown,
    EndpointWithSecret,
    NewEndpoint,
    SecretRotation,
    TestAccepted,
    TypeName,
    show_endpoint,
    show_with_secret,
)
from alerting_backend.api.schema.rule import EnabledChange
from alerting_backend.api.versions import ExpectedVersion
from alerting_core import limits
from alerting_core.api.problem_kinds import ProblemKind
from alerting_core.api.versions import etag
from alerting_core.domain.endpoint import Endpoint, EndpointChange, EndpointType
from alerting_core.ports.catalog import EndpointFilter

PREFIX = "/api/v1/endpoints"

router = APIRouter(tags=["endpoints"], route_class=ApiRoute)

EndpointId = Annotated[
    str, Path(json_schema_extra={"format": "uuid"}, examples=["b3a1cc0e-5a53-46a6-b5c4-2a7e1f8f1d9e"])
]
_K = ProblemKind


class _RuleEndpointQuery(PageQuery):
    """Which endpoints of a rule to list."""

    type: TypeName | None = None
    enabled: bool | None = None


class EndpointQuery(_RuleEndpointQuery):
    """Which endpoints to list."""

    client_id: Annotated[str | None, Field(max_length=limits.ID_CHARS_MAX)] = None
    rule_id: Annotated[str | None, Field(max_length=limits.ID_CHARS_MAX)] = None


def _where(query: _RuleEndpointQuery, *, client_id: str | None, rule_id: str | None) -> EndpointFilter:
    return EndpointFilter(client_id, rule_id, EndpointType(query.type) if query.type else None, query.enabled)


def _shown(endpoint: Endpoint, response: Response) -> EndpointShown:
    response.headers["ETag"] = etag(endpoint.version)
    return show_endpoint(endpoint)


@router.post(
    rules.PREFIX + "/{rule_id}/endpoints",
    status_code=201,
    responses=CREATED_VERSIONED | refusals(*CALLER, *BODY, *REPEATABLE, _K.NOT_FOUND, _K.CONFLICT, _K.LIMIT_EXCEEDED),
)
async def create_endpoint(
    use: Use, caller: RuleWriter, _once: Once, rule_id: rules.RuleId, body: NewEndpoint, response: Response
) -> EndpointWithSecret:
    """Create an endpoint of a rule.

    The answer shows the signing secret of a webhook this once.
    """
    endpoint = await use.endpoints.create(caller.scope, rule_id, body.draft())
    response.headers["Location"] = f"{PREFIX}/{endpoint.endpoint_id}"
    response.headers["ETag"] = etag(endpoint.version)
    return show_with_secret(endpoint)


@router.get(rules.PREFIX + "/{rule_id}/endpoints", responses=refusals(*CALLER, _K.NOT_FOUND, _K.INVALID_INPUT))
async def list_endpoints_of_rule(
    use: Use, caller: RuleReader, rule_id: rules.RuleId, query: Annotated[_RuleEndpointQuery, Query()]
) -> ItemPage[EndpointShown]:
    """List the endpoints of a rule, newest first."""
    rule = await use.rules.get(caller.scope, rule_id)
    where = _where(query, client_id=None, rule_id=rule.rule_id)
    return page_of(await use.endpoints.list(caller.scope, query.page, where), show_endpoint)


@router.get(PREFIX, responses=refusals(*CALLER, _K.INVALID_INPUT))
async def list_endpoints(
    use: Use, caller: RuleReader, query: Annotated[EndpointQuery, Query()]
) -> ItemPage[EndpointShown]:
    """List endpoints, newest first."""
    where = _where(query, client_id=query.client_id, rule_id=query.rule_id)
    return page_of(await use.endpoints.list(caller.scope, query.page, where), show_endpoint)


@router.get(PREFIX + "/{endpoint_id}", responses=SHOWN_VERSIONED | refusals(*CALLER, _K.NOT_FOUND))
async def get_endpoint(use: Use, caller: RuleReader, endpoint_id: EndpointId, response: Response) -> EndpointShown:
    """Return one endpoint."""
    return _shown(await use.endpoints.get(caller.scope, endpoint_id), response)


@router.put(PREFIX + "/{endpoint_id}", responses=SHOWN_VERSIONED | refusals(*CALLER, *BODY, *VERSIONED, _K.CONFLICT))
async def replace_endpoint(
    use: Use,
    caller: RuleWriter,
    endpoint_id: EndpointId,
    body: EndpointReplacement,
    version: ExpectedVersion,
    response: Response,
) -> EndpointShown:
    """Replace an endpoint."""
    changed = await use.endpoints.change(caller.scope, endpoint_id, body.change(), expected_version=version)
    return _shown(changed, response)


@router.patch(PREFIX + "/{endpoint_id}", responses=SHOWN_VERSIONED | refusals(*CALLER, *BODY, *VERSIONED))
async def enable_endpoint(
    use: Use,
    caller: RuleWriter,
    endpoint_id: EndpointId,
    body: EnabledChange,
    version: ExpectedVersion,
    response: Response,
) -> EndpointShown:
    """Enable or disable an endpoint."""
    change = EndpointChange(enabled=body.enabled)
    return _shown(await use.endpoints.change(caller.scope, endpoint_id, change, expected_version=version), response)


@router.delete(PREFIX + "/{endpoint_id}", status_code=204, responses=DELETED | refusals(*CALLER, *VERSIONED))
async def delete_endpoint(use: Use, caller: RuleWriter, endpoint_id: EndpointId, version: ExpectedVersion) -> None:
    """Delete an endpoint.

    What was still to be delivered to it is skipped.
    """
    await use.endpoints.delete(caller.scope, endpoint_id, expected_version=version)


@router.post(
    PREFIX + "/{endpoint_id}/test",
    status_code=202,
    responses=ACCEPTED | refusals(*CALLER, *REPEATABLE, _K.NOT_FOUND, _K.CONFLICT),
)
async def test_endpoint(use: Use, caller: RuleWriter, _once: Once, endpoint_id: EndpointId) -> TestAccepted:
    """Send a test message to an endpoint.

    A real message by the real path, with retries and all: look at the notification to see what became of it. A
    disabled endpoint is refused (409).
    """
    notification = await use.endpoint_test.send(caller.scope, endpoint_id)
    return TestAccepted(notification_id=notification.notification_id)


@router.post(
    PREFIX + "/{endpoint_id}/secret/rotate",
    responses=SHOWN_VERSIONED | refusals(*CALLER, *BODY, *REPEATABLE, *VERSIONED, _K.CONFLICT),
)
async def rotate_secret(
    use: Use,
    caller: RuleWriter,
    _once: Once,
    endpoint_id: EndpointId,
    version: ExpectedVersion,
    response: Response,
    body: SecretRotation | None = None,
) -> EndpointWithSecret:
    """Give a webhook a new signing secret.

    The answer shows it this once. For 24 hours messages are signed with the old one too, so that a receiver can change
    over without a gap. An endpoint that is no webhook is refused (409).
    """
    secret = body.secret if body else None
    endpoint = await use.endpoints.rotate_secret(caller.scope, endpoint_id, secret=secret, expected_version=version)
    response.headers["ETag"] = etag(endpoint.version)
    return show_with_secret(endpoint)
