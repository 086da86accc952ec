"""Clients: kept by operators; a client's own key sees its client."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from alerting_backend.api.auth import Operator, RuleReader
from alerting_backend.api.container import Use
from alerting_backend.api.documented import BODY, CALLER, CREATED, DELETED, REPEATABLE, refusals
from alerting_backend.api.idempotency import Once
from alerting_backend.api.paging import PageQuery, page_of
from alerting_backend.api.route import ApiRoute
from alerting_backend.api.schema.base import ItemPage
from alerting_backend.api.schema.client import ClientReplacement, ClientShown, NewClient, show_client
from alerting_core import limits
from alerting_core.api.problem_kinds import ProblemKind

PREFIX = "/api/v1/clients"

router = APIRouter(prefix=PREFIX, tags=["clients"], route_class=ApiRoute)

ClientId = Annotated[str, Path(examples=["acme"])]
_NOT_FOUND = ProblemKind.NOT_FOUND


class ClientQuery(PageQuery):
    """Which clients to list."""

    text: Annotated[
        str | None, Field(max_length=limits.ID_CHARS_MAX, description="Found in client_id or name, in any case.")
    ] = None


@router.post("", status_code=201, responses=CREATED | refusals(*CALLER, *BODY, *REPEATABLE, ProblemKind.CONFLICT))
async def create_client(use: Use, _caller: Operator, _once: Once, body: NewClient, response: Response) -> ClientShown:
    """Create a client.

    Operators only.
    """
    client = await use.clients.create(body.client_id, body.name)
    response.headers["Location"] = f"{PREFIX}/{quote(client.client_id, safe='')}"
    return show_client(client)


@router.get("", responses=refusals(*CALLER, ProblemKind.INVALID_INPUT))
async def list_clients(use: Use, caller: RuleReader, query: Annotated[ClientQuery, Query()]) -> ItemPage[ClientShown]:
    """List clients in the order of client_id.

    A client's key lists its own client.
    """
    return page_of(await use.clients.list(caller.scope, query.page, text=query.text), show_client)


@router.get("/{client_id:path}", responses=refusals(*CALLER, _NOT_FOUND))
async def get_client(use: Use, caller: RuleReader, client_id: ClientId) -> ClientShown:
    """Return one client."""
    return show_client(await use.clients.get(caller.scope, client_id))


@router.put("/{client_id:path}", responses=refusals(*CALLER, *BODY, _NOT_FOUND))
async def replace_client(use: Use, _caller: Operator, client_id: ClientId, body: ClientReplacement) -> ClientShown:
    """Change a client's name.

    Operators only.
    """
    return show_client(await use.clients.rename(client_id, body.name))


@router.delete("/{client_id:path}", status_code=204, responses=DELETED | refusals(*CALLER, _NOT_FOUND))
async def delete_client(use: Use, _caller: Operator, client_id: ClientId) -> None:
    """Delete a client with all that it owns: rules, endpoints, notifications, keys.

    Operators only. Its rules match no more.
    """
    await use.clients.delete(client_id)
