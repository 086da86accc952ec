"""Endpoints as JSON."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import ConfigDict, Field, model_validator

from alerting_backend.api.schema.base import RequestModel, ResponseModel, Time, Uuid
from alerting_backend.api.validation import core_error
from alerting_core import limits
from alerting_core.api.shapes.endpoint import endpoint_shape, endpoint_with_secret_shape
from alerting_core.domain.endpoint import Endpoint, EndpointChange, EndpointDraft
from alerting_core.domain.endpoint_check import check_endpoint
from alerting_core.domain.webhook_check import check_secret

TypeName: TypeAlias = Literal["email", "slack", "webhook"]

_VALUE: Final = Field(
    description="`email`: up to 20 addresses separated by commas. `slack`: the URL of an incoming webhook. "
    "`webhook`: any http or https URL, which is sent signed POST requests by the Standard Webhooks specification.",
    json_schema_extra={"minLength": 1, "maxLength": limits.ENDPOINT_VALUE_CHARS_MAX},
)
_HEADERS: Final = Field(description="Extra HTTP headers, for a webhook only.")
_SECRET: Final = Field(description="`whsec_` and base64 of 24 to 64 bytes, for a webhook only. Left out: one is made.")

Value: TypeAlias = Annotated[str, _VALUE]
Headers: TypeAlias = Annotated[dict[str, str], _HEADERS]
Secret: TypeAlias = Annotated[str | None, _SECRET]

_NEW: Final[Mapping[str, Any]] = {"type": "webhook", "value": "https://example.com/hooks/alerts"}
_SHOWN: Final[Mapping[str, Any]] = {
    "endpoint_id": "b3a1cc0e-5a53-46a6-b5c4-2a7e1f8f1d9e",
    "rule_id": "8c5dbd2d-3c4b-4b6e-9a55-0f5a1d4cf3b1",
    "client_id": "acme",
    **_NEW,
    "headers": {},
    "enabled": True,
    "disabled_reason": None,
    "version": 1,
    "created_at": "2026-01-02T03:04:05.678Z",
    "updated_at": "2026-01-02T03:04:05.678Z",
}


class NewEndpoint(RequestModel):
    """An endpoint to create."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                dict(_NEW),
                {"type": "email", "value": "ops@example.com, night-shift@example.com"},
                {"type": "slack", "value": "https://hooks.slack.com/services/T000/B000/XXXX"},
            ]
        }
    )

    type: TypeName
    value: Value
    headers: Headers = Field(default_factory=dict)
    secret: Secret = None
    enabled: bool = True

    @model_validator(mode="after")
    def _check(self) -> "NewEndpoint":
        if problems := check_endpoint(self.type, self.value, self.headers, self.secret):
            raise core_error(problems)
        return self

    def draft(self) -> EndpointDraft:
        """Return the same for the use case."""
        return EndpointDraft(self.type, self.value, self.headers, self.secret, self.enabled)


class EndpointReplacement(NewEndpoint):
    """An endpoint to put in the place of the stored one. The type cannot change.

    A `secret` replaces the current one as a rotation does; left out, it stays.
    """

    def change(self) -> EndpointChange:
        """Return the same for the use case."""
        return EndpointChange(self.type, self.value, self.headers, self.secret, self.enabled)


class EndpointShown(ResponseModel):
    """An endpoint: where a client wants to be told. Its signing secret is not shown."""

    model_config = ConfigDict(json_schema_extra={"examples": [dict(_SHOWN)]})

    endpoint_id: Uuid
    rule_id: Uuid
    client_id: str
    type: TypeName
    value: str
    headers: dict[str, str]
    enabled: bool
    disabled_reason: Annotated[
        Literal["by-user", "gone"] | None, Field(description="`gone`: it answered 410. null while enabled.")
    ]
    version: Annotated[int, Field(description="1 when created, one more with each change; also the `ETag`.")]
    created_at: Time
    updated_at: Time


class EndpointWithSecret(EndpointShown):
    """An endpoint with the signing secret that was just made or given."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_SHOWN, "secret": "whsec_…"}]})

    secret: Annotated[str | None, Field(description="Shown this once. null for anything but a webhook.")]


class SecretRotation(RequestModel):
    """How to rotate a signing secret."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})

    secret: Secret = None

    @model_validator(mode="after")
    def _check(self) -> "SecretRotation":
        if self.secret is not None and (problems := tuple(check_secret(self.secret))):
            raise core_error(problems)
        return self


class TestAccepted(ResponseModel):
    """A test message is on its way."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"notification_id": "5f7f1a0c-0c52-8d11-9b8e-3d7a1c1de0aa"}]}
    )

    notification_id: Annotated[Uuid, Field(description="Its detail tells what became of the message.")]


def show_endpoint(endpoint: Endpoint) -> EndpointShown:
    """Write *endpoint* as JSON."""
    return EndpointShown.model_validate(endpoint_shape(endpoint))


def show_with_secret(endpoint: Endpoint) -> EndpointWithSecret:
    """Write *endpoint* as JSON, with its current secret."""
    return EndpointWithSecret.model_validate(endpoint_with_secret_shape(endpoint))
