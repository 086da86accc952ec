"""Clients."""

from typing import Final
from urllib.parse import quote

from alerting_core import limits
from alerting_core.api.shapes.client import client_shape
from alerting_core.domain.client import check_new_client_id
from alerting_core.domain.text import check_id, check_text
from alerting_core.ports.paging import PageRequest
from alerting_playground.http.kinds import Text
from alerting_playground.http.objects import Field, Object
from alerting_playground.http.operation import Call, Operation, Reply, page_reply
from alerting_playground.http.query import EXACT, page_query

PREFIX: Final = "/api/v1/clients"

IDENTIFIER: Final = Text(lambda value: check_id("", value, chars_max=limits.ID_CHARS_MAX))
"""An id that the caller chooses."""

NEW_CLIENT_ID: Final = Text(lambda value: check_new_client_id("", value))
"""The id of a client that there is not yet."""

NAME: Final = Text(lambda value: check_text("", value, chars_max=limits.ID_CHARS_MAX))
"""A name or the like."""


async def create(call: Call) -> Reply:
    """Create a client."""
    client = await call.parts.use.clients.create(call.body["client_id"], call.body["name"])
    return Reply(client_shape(client), 201, {"Location": f"{PREFIX}/{quote(client.client_id, safe='')}"})


async def list_all(call: Call) -> Reply:
    """List clients in the order of client_id."""
    wanted = PageRequest(call.query["limit"], call.query["cursor"])
    page = await call.parts.use.clients.list(None, wanted, text=call.query["text"])
    return page_reply([client_shape(client) for client in page.items], page.next_cursor)


async def get(call: Call) -> Reply:
    """Return one client."""
    return Reply(client_shape(await call.parts.use.clients.get(None, call.path["client_id"])))


async def rename(call: Call) -> Reply:
    """Change a client's name."""
    return Reply(client_shape(await call.parts.use.clients.rename(call.path["client_id"], call.body["name"])))


async def delete(call: Call) -> Reply:
    """Delete a client with all that it owns."""
    await call.parts.use.clients.delete(call.path["client_id"])
    return Reply(status=204)


NEW: Final = Object({"client_id": Field(NEW_CLIENT_ID), "name": Field(NAME)})

_ONE: Final = PREFIX + "/{client_id:path}"

OPERATIONS: Final = (
    Operation("POST", PREFIX, create, body=NEW, once=True),
    Operation("GET", PREFIX, list_all, query=page_query(text=EXACT)),
    Operation("GET", _ONE, get),
    Operation("PUT", _ONE, rename, body=Object({"name": Field(NAME)})),
    Operation("DELETE", _ONE, delete),
)
