"""API keys: made by operators, and by a client's admin key for that client."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field

from alerting_backend.api.auth import Admin, authenticator_of
from alerting_backend.api.container import Use
from alerting_backend.api.documented import BODY, CALLER, DELETED, REPEATABLE, refusals
from alerting_backend.api.idempotency import Once, keep_instead
from alerting_backend.api.paging import PageQuery, page_of
from alerting_backend.api.route import ApiRoute
from alerting_backend.api.schema.base import ItemPage
from alerting_backend.api.schema.key import KeyShown, NewKey, NewKeyShown, show_key, show_new_key
from alerting_core import limits
from alerting_core.api.problem_kinds import ProblemKind

PREFIX = "/api/v1/keys"

router = APIRouter(prefix=PREFIX, tags=["keys"], route_class=ApiRoute)

KeyId = Annotated[str, Path(json_schema_extra={"format": "uuid"}, examples=["0f2a6c1e-51f4-4d3b-8a5c-6f0c5a7a9a11"])]


class KeyQuery(PageQuery):
    """Which keys to list."""

    client_id: Annotated[
        str | None, Field(max_length=limits.ID_CHARS_MAX, description="Only the keys that are bound to this client.")
    ] = None


@router.post("", status_code=201, responses=refusals(*CALLER, *BODY, *REPEATABLE, ProblemKind.NOT_FOUND))
async def create_key(use: Use, caller: Admin, _once: Once, body: NewKey, request: Request) -> NewKeyShown:
    """Make a key.

    The answer shows it this once; only a hash of it is kept. Repeated with the same `Idempotency-Key`, the answer comes
    without it.
    """
    new = await use.keys.create(
        caller.scope, body.client_id, name=body.name, scopes=body.scopes, expires_at_ms=body.expires_at_ms
    )
    keep_instead(request, show_new_key(new.key, None).model_dump_json().encode())
    return show_new_key(new.key, new.text)


@router.get("", responses=refusals(*CALLER, ProblemKind.INVALID_INPUT))
async def list_keys(use: Use, caller: Admin, query: Annotated[KeyQuery, Query()]) -> ItemPage[KeyShown]:
    """List keys, newest first, revoked ones included."""
    return page_of(await use.keys.list(caller.scope, query.page, client_id=query.client_id), show_key)


@router.delete("/{key_id}", status_code=204, responses=DELETED | refusals(*CALLER, ProblemKind.NOT_FOUND))
async def revoke_key(use: Use, caller: Admin, key_id: KeyId, request: Request) -> None:
    """Revoke a key.

    It opens nothing from now on in this process, and within five seconds in all others. It stays in the list.
    """
    await use.keys.revoke(caller.scope, key_id)
    authenticator_of(request).forget()
