"""API keys: made by operators, and by a client's admin key for that client; and whose key a request came with."""

from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from fastapi import APIRouter, Path, Query, Request
from pydantic import ConfigDict, Field

from alerting_api import schema
from alerting_api.auth import Admin, Caller, Use, authenticator_of
from alerting_api.problems import ProblemKind, refusals
from alerting_api.route import ApiRoute, Once, keep_instead
from alerting_core import limits
from alerting_core.domain.client import KEY_PREFIX, ApiKey, KeyScope

KEYS: Final = "/api/v1/keys"

router = APIRouter(tags=["keys"], route_class=ApiRoute)

KeyId = Annotated[str, Path(json_schema_extra={"format": "uuid"}, examples=["0f2a6c1e-51f4-4d3b-8a5c-6f0c5a7a9a11"])]

ScopeName: TypeAlias = Literal[
    "alerts:write", "alerts:read", "rules:read", "rules:write", "notifications:read", "notifications:resend", "admin"
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
_CALLER: Final[dict[str, Any]] = {
    "key_id": _EXAMPLE["key_id"],
    "name": "on call at acme",
    "client_id": "acme",
    "is_operator": False,
    "scopes": ["rules:read", "notifications:read"],
    "allowed": ["rules:read", "notifications:read"],
    "expires_at": None,
}


class NewKey(schema.RequestModel):
    """A key to make."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"client_id": "acme", "name": "prometheus in production", "scopes": ["alerts:write"]}]
        }
    )

    client_id: Annotated[
        schema.Identifier | None,
        Field(description="The client that the key is bound to. An operator who names none makes an operator's key."),
    ] = None
    name: Annotated[schema.Text, Field(description="For people: who uses it and what for.")]
    scopes: Annotated[list[ScopeName], Field(min_length=1, max_length=len(KeyScope))]
    expires_at: Annotated[schema.Moment | None, Field(description="RFC 3339, with an offset. Left out: never.")] = None

    @property
    def expires_at_ms(self) -> int | None:
        """The same in unix milliseconds."""
        return None if self.expires_at is None else schema.unix_ms(self.expires_at)


class KeyShown(schema.ResponseModel):
    """A key, without what would let anybody use it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    key_id: schema.Uuid
    client_id: Annotated[str | None, Field(description="null: an operator's key, which sees all clients.")]
    name: str
    prefix: Annotated[str, Field(description="How the key begins, to tell keys apart.")]
    scopes: list[ScopeName]
    created_at: schema.Time
    expires_at: schema.Time | None
    revoked_at: schema.Time | None
    last_used_at: Annotated[schema.Time | None, Field(description="To within a minute. null: not used yet.")]

    @classmethod
    def of(cls, value: object, /, **more: object) -> Self:
        """Read a key."""
        assert isinstance(value, ApiKey)
        return super().of(value, prefix=KEY_PREFIX + value.prefix, scopes=_in_order(value), **more)


def _in_order(key: ApiKey) -> list[KeyScope]:
    return [scope for scope in KeyScope if scope in key.scopes]


class NewKeyShown(KeyShown):
    """A key that was just made."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [_EXAMPLE | {"key": "alk_Zk3v9QbT…"}]},
    )

    key: Annotated[
        str | None,
        Field(description="The key itself, shown this once. null when the answer is repeated for an Idempotency-Key."),
    ]


class CallerShown(schema.ResponseModel):
    """The key that a request came with."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CALLER]})

    key_id: schema.Uuid
    name: str
    client_id: Annotated[str | None, Field(description="The one client that exists for it; null: all do.")]
    is_operator: Annotated[bool, Field(description="Whether it is bound to no client.")]
    scopes: Annotated[list[ScopeName], Field(description="As it was made with.")]
    allowed: Annotated[list[ScopeName], Field(description="All that it may be used for: `admin` allows everything.")]
    expires_at: schema.Time | None


class KeyQuery(schema.PageQuery):
    """Which keys to list."""

    client_id: Annotated[
        str | None, Field(max_length=limits.ID_CHARS_MAX, description="Only the keys that are bound to this client.")
    ] = None


@router.get("/api/v1/me")
async def get_me(caller: Caller) -> CallerShown:
    """Say whose key this is, and what it allows.

    Any valid key will do.
    """
    key = caller.key
    allowed = [scope for scope in KeyScope if key.allows(scope)]
    return CallerShown.of(key, is_operator=key.client_id is None, scopes=_in_order(key), allowed=allowed)


@router.post(KEYS, status_code=201, responses=refusals(ProblemKind.NOT_FOUND))
async def create_key(use: Use, caller: Admin, _once: Once, body: NewKey, request: Request) -> NewKeyShown:
    """Make a key.

    The answer shows it this once; only a hash of it is kept. Repeated with the same `Idempotency-Key`, the answer comes
    without it.
    """
    new = await use.keys.create(
        caller.scope, body.client_id, name=body.name, scopes=body.scopes, expires_at_ms=body.expires_at_ms
    )
    keep_instead(request, NewKeyShown.of(new.key, key=None).model_dump_json().encode())
    return NewKeyShown.of(new.key, key=new.text)


@router.get(KEYS)
async def list_keys(use: Use, caller: Admin, query: Annotated[KeyQuery, Query()]) -> schema.ItemPage[KeyShown]:
    """List keys, newest first, revoked ones included."""
    return schema.page_of(await use.keys.list(caller.scope, query.page, client_id=query.client_id), KeyShown)


@router.delete(KEYS + "/{key_id}", status_code=204)
async def revoke_key(use: Use, caller: Admin, key_id: KeyId, request: Request) -> None:
    """Revoke a key.

    It opens nothing from now on in this process, and within five seconds in all others. It stays in the list.
    """
    await use.keys.revoke(caller.scope, key_id)
    authenticator_of(request).forget()
