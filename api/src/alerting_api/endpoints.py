"""Endpoints: where a client wants to be told, created under the rule that they belong to, with their secrets."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

from fastapi import APIRouter, Path, Query, Response
from pydantic import BeforeValidator, ConfigDict, Field

from alerting_api import schema
from alerting_api.auth import RuleReader, RuleWriter, Use
from alerting_api.problems import CREATED_VERSIONED, SHOWN_VERSIONED, ProblemKind, etag, refusals
from alerting_api.route import ApiRoute, ExpectedVersion, Once
from alerting_api.rules import RULES, RuleId
from alerting_core import limits
from alerting_core.domain.endpoint import Endpoint, EndpointChange, EndpointDraft, EndpointType, SigningSecret
from alerting_core.domain.endpoint_check import check_draft, check_secret
from alerting_core.errors import Problem, ProblemCode
from alerting_core.ports.catalog import EndpointFilter

ENDPOINTS: Final = "/api/v1/endpoints"

router = APIRouter(tags=["endpoints"], route_class=ApiRoute)

EndpointId = Annotated[
    str, Path(json_schema_extra={"format": "uuid"}, examples=["b3a1cc0e-5a53-46a6-b5c4-2a7e1f8f1d9e"])
]
TypeName: TypeAlias = Literal["email", "slack", "webhook"]
FormatName: TypeAlias = Literal["platform", "alertmanager"]

Value: TypeAlias = Annotated[
    str,
    Field(
        description="`email`: up to 20 addresses separated by commas. `slack`: the URL of an incoming webhook. "
        "`webhook`: any http or https URL, which is sent signed POST requests by the Standard Webhooks specification.",
        json_schema_extra={"minLength": 1, "maxLength": limits.ENDPOINT_VALUE_CHARS_MAX},
    ),
]
Headers: TypeAlias = Annotated[dict[str, str], Field(description="Extra HTTP headers, for a webhook only.")]
Secret: TypeAlias = Annotated[
    str | None,
    Field(description="`whsec_` and base64 of 24 to 64 bytes, for a webhook only. Left out: one is made."),
]

_SEND_RESOLVED: Final = "Whether it is told that an alert is over, of which it was told that it fires."

_FORMAT: Final = (
    "What a webhook is sent: `platform`, the document of its own that the README describes, or `alertmanager`, what an "
    "Alertmanager sends to its webhook receivers (version 4), about one alert at a time."
)

_NEW: Final[Mapping[str, Any]] = {"type": "webhook", "value": "https://example.com/hooks/alerts"}
_OTHERS: Final[list[Any]] = [
    {"type": "email", "value": "ops@example.com, night-shift@example.com"},
    {"type": "slack", "value": "https://hooks.slack.com/services/T000/B000/XXXX"},
]
_SHOWN: Final[Mapping[str, Any]] = {
    "endpoint_id": "b3a1cc0e-5a53-46a6-b5c4-2a7e1f8f1d9e",
    "rule_id": "8c5dbd2d-3c4b-4b6e-9a55-0f5a1d4cf3b1",
    "client_id": "acme",
    **_NEW,
    "headers": {},
    "description": "",
    "enabled": True,
    "disabled_reason": None,
    "send_resolved": True,
    "format": "platform",
    "version": 1,
    "created_at": "2026-01-02T03:04:05.678Z",
    "updated_at": "2026-01-02T03:04:05.678Z",
}
_TEST: Final[dict[str, Any]] = {"notification_id": "5f7f1a0c-0c52-8d11-9b8e-3d7a1c1de0aa"}
_K = ProblemKind


class NewEndpoint(schema.CheckedModel):
    """An endpoint to create."""

    model_config = ConfigDict(json_schema_extra={"examples": [dict(_NEW), *_OTHERS]})

    type: TypeName
    value: Value
    headers: Headers = Field(default_factory=dict)
    secret: Secret = None
    enabled: bool = True
    description: schema.Description = None
    send_resolved: Annotated[
        bool | None,
        Field(description=f"{_SEND_RESOLVED} Left out: true of what is new, and as it is in a replacement."),
    ] = None
    format: Annotated[
        FormatName | None,
        Field(description=f"{_FORMAT} Left out: `platform` of what is new, and as it is in a replacement."),
    ] = None

    def check(self) -> schema.Problems:
        """Return what is wrong with an endpoint of this type."""
        return check_draft(self.as_draft(EndpointDraft))


class EndpointReplacement(NewEndpoint):
    """An endpoint to put in the place of the stored one. The type cannot change.

    A `secret` replaces the current one as a rotation does; left out, it stays.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{**_NEW, "headers": {"X-Team": "ops"}}]})


class EndpointSwitches(schema.CheckedModel):
    """Switches an endpoint on or off, or what it is told of, and leaves the rest."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"enabled": False}, {"send_resolved": False}]})

    enabled: Annotated[bool | None, Field(description="Left out: as it is.")] = None
    send_resolved: Annotated[bool | None, Field(description=f"{_SEND_RESOLVED} Left out: as it is.")] = None

    def check(self) -> schema.Problems:
        """Return what is wrong with the whole."""
        if self.enabled is None and self.send_resolved is None:
            yield Problem("", ProblemCode.MISSING, "enabled or send_resolved is required")


class EndpointShown(schema.ResponseModel):
    """An endpoint: where a client wants to be told. Its signing secret is not shown."""

    model_config = ConfigDict(json_schema_extra={"examples": [dict(_SHOWN)]})

    endpoint_id: schema.Uuid
    rule_id: schema.Uuid
    client_id: str
    type: TypeName
    value: str
    headers: dict[str, str]
    description: str
    enabled: bool
    disabled_reason: Annotated[
        Literal["by-user", "gone"] | None, Field(description="`gone`: it answered 410. null while enabled.")
    ]
    send_resolved: Annotated[bool, Field(description=_SEND_RESOLVED)]
    format: Annotated[FormatName, Field(description=_FORMAT)]
    version: Annotated[int, Field(description="1 when created, one more with each change; also the `ETag`.")]
    created_at: schema.Time
    updated_at: schema.Time


class EndpointWithSecret(EndpointShown):
    """An endpoint with the signing secret that was just made or given."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_SHOWN, "secret": "whsec_…"}]})

    secret: Annotated[
        str | None,
        Field(description="Shown this once. null for anything but a webhook."),
        BeforeValidator(lambda secret: secret.current if isinstance(secret, SigningSecret) else secret),
    ]


class TestAccepted(schema.ResponseModel):
    """A test message is on its way."""

    model_config = ConfigDict(json_schema_extra={"examples": [_TEST]})

    notification_id: Annotated[schema.Uuid, Field(description="Its detail tells what became of the message.")]


class _RuleEndpointQuery(schema.PageQuery):
    """Which endpoints of a rule to list."""

    type: TypeName | None = None
    enabled: bool | None = None


class EndpointQuery(_RuleEndpointQuery):
    """Which endpoints to list."""

    client_id: schema.Exact = None
    rule_id: schema.Exact = None


def _where(query: _RuleEndpointQuery, *, client_id: str | None, rule_id: str | None) -> EndpointFilter:
    return EndpointFilter(client_id, rule_id, EndpointType(query.type) if query.type else None, query.enabled)


def _shown(endpoint: Endpoint, response: Response) -> EndpointShown:
    response.headers["ETag"] = etag(endpoint.version)
    return EndpointShown.of(endpoint)


@router.post(
    RULES + "/{rule_id}/endpoints",
    status_code=201,
    responses=CREATED_VERSIONED | refusals(_K.CONFLICT, _K.LIMIT_EXCEEDED),
)
async def create_endpoint(
    use: Use, caller: RuleWriter, _once: Once, rule_id: RuleId, body: NewEndpoint, response: Response
) -> EndpointWithSecret:
    """Create an endpoint of a rule.

    The answer shows the signing secret of a webhook this once.
    """
    endpoint = await use.endpoints.create(caller.scope, rule_id, body.as_draft(EndpointDraft))
    response.headers["Location"] = f"{ENDPOINTS}/{endpoint.endpoint_id}"
    response.headers["ETag"] = etag(endpoint.version)
    return EndpointWithSecret.of(endpoint)


@router.get(RULES + "/{rule_id}/endpoints")
async def list_endpoints_of_rule(
    use: Use, caller: RuleReader, rule_id: RuleId, query: Annotated[_RuleEndpointQuery, Query()]
) -> schema.ItemPage[EndpointShown]:
    """List the endpoints of a rule, newest first."""
    rule = await use.rules.get(caller.scope, rule_id)
    where = _where(query, client_id=None, rule_id=rule.rule_id)
    return schema.page_of(await use.endpoints.list(caller.scope, query.page, where), EndpointShown)


@router.get(ENDPOINTS)
async def list_endpoints(
    use: Use, caller: RuleReader, query: Annotated[EndpointQuery, Query()]
) -> schema.ItemPage[EndpointShown]:
    """List endpoints, newest first."""
    where = _where(query, client_id=query.client_id, rule_id=query.rule_id)
    return schema.page_of(await use.endpoints.list(caller.scope, query.page, where), EndpointShown)


@router.get(ENDPOINTS + "/{endpoint_id}", responses=SHOWN_VERSIONED)
async def get_endpoint(use: Use, caller: RuleReader, endpoint_id: EndpointId, response: Response) -> EndpointShown:
    """Return one endpoint."""
    return _shown(await use.endpoints.get(caller.scope, endpoint_id), response)


@router.put(ENDPOINTS + "/{endpoint_id}", responses=SHOWN_VERSIONED | refusals(_K.CONFLICT))
async def replace_endpoint(
    use: Use,
    caller: RuleWriter,
    endpoint_id: EndpointId,
    body: EndpointReplacement,
    version: ExpectedVersion,
    response: Response,
) -> EndpointShown:
    """Replace an endpoint."""
    change = body.as_draft(EndpointChange)
    return _shown(await use.endpoints.change(caller.scope, endpoint_id, change, expected_version=version), response)


@router.patch(ENDPOINTS + "/{endpoint_id}", responses=SHOWN_VERSIONED)
async def enable_endpoint(
    use: Use,
    caller: RuleWriter,
    endpoint_id: EndpointId,
    body: EndpointSwitches,
    version: ExpectedVersion,
    response: Response,
) -> EndpointShown:
    """Switch an endpoint on or off, or whether it is told of the ends of alerts."""
    change = body.as_draft(EndpointChange)
    return _shown(await use.endpoints.change(caller.scope, endpoint_id, change, expected_version=version), response)


@router.delete(ENDPOINTS + "/{endpoint_id}", status_code=204)
async def delete_endpoint(use: Use, caller: RuleWriter, endpoint_id: EndpointId, version: ExpectedVersion) -> None:
    """Delete an endpoint.

    What was still to be delivered to it is skipped.
    """
    await use.endpoints.delete(caller.scope, endpoint_id, expected_version=version)


@router.post(ENDPOINTS + "/{endpoint_id}/test", status_code=202, responses=refusals(_K.CONFLICT))
async def test_endpoint(use: Use, caller: RuleWriter, _once: Once, endpoint_id: EndpointId) -> TestAccepted:
    """Send a test message to an endpoint.

    A real message by the real path, with retries and all: look at the notification to see what became of it. A
    disabled endpoint is refused (409).
    """
    return TestAccepted.of(await use.endpoint_test.send(caller.scope, endpoint_id))


class SecretRotation(schema.CheckedModel):
    """How to rotate a signing secret."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})

    secret: Secret = None

    def check(self) -> schema.Problems:
        """Return what is wrong with the secret, if there is one."""
        return () if self.secret is None else check_secret(self.secret)


@router.post(ENDPOINTS + "/{endpoint_id}/secret/rotate", responses=SHOWN_VERSIONED | refusals(_K.CONFLICT))
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
    return EndpointWithSecret.of(endpoint)
