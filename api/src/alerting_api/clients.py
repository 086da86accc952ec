"""Clients: kept by operators; a client's own key sees its client."""

from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import ConfigDict, Field

from alerting_api import schema
from alerting_api.auth import Operator, RuleReader, Use, authenticator_of
from alerting_api.problems import CREATED, ProblemKind, refusals
from alerting_api.route import ApiRoute, Once
from alerting_core import limits
from alerting_core.domain.client import check_new_client_id

PREFIX = "/api/v1/clients"

router = APIRouter(prefix=PREFIX, tags=["clients"], route_class=ApiRoute)

ClientId = Annotated[str, Path(examples=["acme"])]

_EXAMPLE: Final[dict[str, Any]] = {"client_id": "acme", "name": "Acme Ltd."}
_AT: Final = "2026-01-02T03:04:05.678Z"


class NewClient(schema.RequestModel):
    """A client to create."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"client_id": "initech", "name": "Initech"}]})

    client_id: Annotated[
        str,
        schema.bounds(limits.ID_CHARS_MAX),
        schema.checked_by(lambda value: check_new_client_id("", value)),
        Field(description="Chosen by the operator; never changes. Any text but `.` and `..`, which are no addresses."),
    ]
    name: Annotated[schema.Text, Field(description="For people.")]


class ClientReplacement(schema.RequestModel):
    """What may change of a client."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Acme Corporation"}]})

    name: schema.Text


class ClientShown(schema.ResponseModel):
    """A client: the unit of isolation, which owns rules, endpoints and notifications."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE | {"created_at": _AT, "updated_at": _AT}]})

    client_id: str
    name: str
    created_at: schema.Time
    updated_at: schema.Time


class ClientQuery(schema.PageQuery):
    """Which clients to list."""

    text: Annotated[
        str | None, Field(max_length=limits.ID_CHARS_MAX, description="Found in client_id or name, in any case.")
    ] = None


@router.post("", status_code=201, responses=CREATED | refusals(ProblemKind.CONFLICT))
async def create_client(use: Use, _caller: Operator, _once: Once, body: NewClient, response: Response) -> ClientShown:
    """Create a client.

    Operators only.
    """
    client = await use.clients.create(body.client_id, body.name)
    response.headers["Location"] = f"{PREFIX}/{quote(client.client_id, safe='')}"
    return ClientShown.of(client)


@router.get("")
async def list_clients(
    use: Use, caller: RuleReader, query: Annotated[ClientQuery, Query()]
) -> schema.ItemPage[ClientShown]:
    """List clients in the order of client_id.

    A client's key lists its own client.
    """
    return schema.page_of(await use.clients.list(caller.scope, query.page, text=query.text), ClientShown)


@router.get("/{client_id:path}")
async def get_client(use: Use, caller: RuleReader, client_id: ClientId) -> ClientShown:
    """Return one client."""
    return ClientShown.of(await use.clients.get(caller.scope, client_id))


@router.put("/{client_id:path}")
async def replace_client(use: Use, _caller: Operator, client_id: ClientId, body: ClientReplacement) -> ClientShown:
    """Change a client's name.

    Operators only.
    """
    return ClientShown.of(await use.clients.rename(client_id, body.name))


@router.delete("/{client_id:path}", status_code=204)
async def delete_client(use: Use, _caller: Operator, client_id: ClientId, request: Request) -> None:
    """Delete a client with all that it owns: rules, endpoints, private alerts, notifications, keys.

    Operators only. Its rules match no more. Its keys open nothing from now on in this process, and within five seconds
    in all others.
    """
    await use.clients.delete(client_id)
    authenticator_of(request).forget()
