"""API keys. In the browser they open nothing; they are made, listed and revoked as on the server."""

from typing import Final

from alerting_core.api.moments import unix_ms
from alerting_core.api.shapes.key import key_shape, new_key_shape
from alerting_core.domain.key import KeyScope
from alerting_core.ports.paging import PageRequest
from alerting_playground.http.kinds import Moment, Nullable, OneOf
from alerting_playground.http.objects import Field, ListOf, Object, optional
from alerting_playground.http.operation import Call, Operation, Reply, page_reply
from alerting_playground.http.query import EXACT, page_query
from alerting_playground.http.routes.clients import IDENTIFIER, NAME

PREFIX: Final = "/api/v1/keys"

NEW: Final = Object(
    {
        "client_id": optional(Nullable(IDENTIFIER)),
        "name": Field(NAME),
        "scopes": Field(ListOf(OneOf(tuple(KeyScope)), items_max=len(KeyScope))),
        "expires_at": optional(Nullable(Moment())),
    }
)


async def create(call: Call) -> Reply:
    """Make a key, and show it this once."""
    body = call.body
    expires_at_ms = None if body["expires_at"] is None else unix_ms(body["expires_at"])
    new = await call.parts.use.keys.create(
        None, body["client_id"], name=body["name"], scopes=body["scopes"], expires_at_ms=expires_at_ms
    )
    return Reply(new_key_shape(new.key, new.text), 201, kept=new_key_shape(new.key, None))


async def list_all(call: Call) -> Reply:
    """List keys, newest first, revoked ones included."""
    request = PageRequest(call.query["limit"], call.query["cursor"])
    page = await call.parts.use.keys.list(None, request, client_id=call.query["client_id"])
    return page_reply([key_shape(key) for key in page.items], page.next_cursor)


async def revoke(call: Call) -> Reply:
    """Revoke a key."""
    await call.parts.use.keys.revoke(None, call.path["key_id"])
    return Reply(status=204)


OPERATIONS: Final = (
    Operation("POST", PREFIX, create, body=NEW, once=True),
    Operation("GET", PREFIX, list_all, query=page_query(client_id=EXACT)),
    Operation("DELETE", PREFIX + "/{key_id}", revoke),
)
