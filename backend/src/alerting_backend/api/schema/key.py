"""API keys as JSON."""

from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import ConfigDict, Field

from alerting_backend.api.schema.base import Identifier, Moment, RequestModel, ResponseModel, Text, Time, Uuid
from alerting_core.api.moments import unix_ms
from alerting_core.api.shapes.key import caller_shape, key_shape, new_key_shape
from alerting_core.domain.key import ApiKey, KeyScope

ScopeName: TypeAlias = Literal[
    "alerts:write", "rules:read", "rules:write", "notifications:read", "notifications:resend", "admin"
]

_EXAMPLE: Final[dict[str, Any]] = {
    "key_id": "0f2a6c1e-51f4-4d3b-8a5c-6f0c5a7a9a11",
    "client_id": "acme",
    "name": "prometheus in production",
    "prefix": "alk_Zk3v9QbT",
    "scopes": ["alerts:write"],
    "created_at": "2026-01-02T03:04:05.678Z",
    "expires_at": None,
    "revoked_at": None,
    "last_used_at": "2026-01-02T04:05:00.123Z",
}


class NewKey(RequestModel):
    """A key to make."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"client_id": "acme", "name": "prometheus in production", "scopes": ["alerts:write"]}]
        }
    )

    client_id: Annotated[
        Identifier | None,
        Field(description="The client that the key is bound to. An operator who names none makes an operator's key."),
    ] = None
    name: Annotated[Text, Field(description="For people: who uses it and what for.")]
    scopes: Annotated[list[ScopeName], Field(min_length=1, max_length=len(KeyScope))]
    expires_at: Annotated[Moment | None, Field(description="RFC 3339, with an offset. Left out: never.")] = None

    @property
    def expires_at_ms(self) -> int | None:
        """The same in unix milliseconds."""
        return None if self.expires_at is None else unix_ms(self.expires_at)


class KeyShown(ResponseModel):
    """A key, without what would let anybody use it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    key_id: Uuid
    client_id: Annotated[str | None, Field(description="null: an operator's key, which sees all clients.")]
    name: str
    prefix: Annotated[str, Field(description="How the key begins, to tell keys apart.")]
    scopes: list[ScopeName]
    created_at: Time
    expires_at: Time | None
    revoked_at: Time | None
    last_used_at: Annotated[Time | None, Field(description="To within a minute. null: not used yet.")]


class NewKeyShown(KeyShown):
    """A key that was just made."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [_EXAMPLE | {"key": "alk_Zk3v9QbT…"}]},
    )

    key: Annotated[
        str | None,
        Field(description="The key itself, shown this once. null when the answer is repeated for an Idempotency-Key."),
    ]


class CallerShown(ResponseModel):
    """The key that a request came with."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "key_id": _EXAMPLE["key_id"],
                    "name": "on call at acme",
                    "client_id": "acme",
                    "is_operator": False,
                    "scopes": ["rules:read", "notifications:read"],
                    "allowed": ["rules:read", "notifications:read"],
                    "expires_at": None,
                }
            ]
        }
    )

    key_id: Uuid
    name: str
    client_id: Annotated[str | None, Field(description="The one client that exists for it; null: all do.")]
    is_operator: Annotated[bool, Field(description="Whether it is bound to no client.")]
    scopes: Annotated[list[ScopeName], Field(description="As it was made with.")]
    allowed: Annotated[list[ScopeName], Field(description="All that it may be used for: `admin` allows everything.")]
    expires_at: Time | None


def show_caller(key: ApiKey) -> CallerShown:
    """Write who calls with *key* as JSON."""
    return CallerShown.model_validate(caller_shape(key))


def show_key(key: ApiKey) -> KeyShown:
    """Write *key* as JSON."""
    return KeyShown.model_validate(key_shape(key))


def show_new_key(key: ApiKey, text: str | None) -> NewKeyShown:
    """Write *key* as JSON, with its text."""
    return NewKeyShown.model_validate(new_key_shape(key, text))
