"""Clients on Postgres."""

from typing import Final

from alerting_backend.adapters.postgres.outbox import RuleChange, append_changes
from alerting_backend.adapters.postgres.pools import Pools, transaction
from alerting_backend.adapters.postgres.rows import CLIENTS
from alerting_backend.adapters.postgres.scoped import Conditions, all_storable, refusals, scoped
from alerting_core.codec.rule import RuleAction
from alerting_core.domain.client import Client
from alerting_core.errors import Conflict, NotFound
from alerting_core.ports.cursor import decode_text_cursor, encode_text_cursor
from alerting_core.ports.paging import Page, PageRequest, Scope

_SELECT: Final = f"SELECT {CLIENTS.columns} FROM clients"

_INSERT: Final = f"INSERT INTO clients ({CLIENTS.columns}) VALUES ({CLIENTS.places})"

_RENAME: Final = f"UPDATE clients SET name = $2, updated_at = $3 WHERE client_id = $1 RETURNING {CLIENTS.columns}"


class PgClientStore:
    """Stores clients."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools

    async def create(self, client: Client) -> Client:
        """Store a new client."""
        taken = {"clients_pkey": lambda: Conflict("there is a client with this client_id already")}
        with refusals(taken):
            async with transaction(self._pools.admin, "create_client") as connection:
                await connection.execute(_INSERT, *CLIENTS.row(client))
        return client

    async def get(self, scope: Scope, client_id: str) -> Client:
        """Return one client."""
        if scope not in {None, client_id} or not all_storable(client_id):
            raise _no_client()
        async with scoped(self._pools, scope, "get_client") as connection:
            row = await connection.fetchrow(_SELECT + " WHERE client_id = $1", client_id)
        if row is None:
            raise _no_client()
        return CLIENTS.read(row)

    async def list(self, scope: Scope, page: PageRequest, *, text: str | None = None) -> Page[Client]:
        """Return a page of clients."""
        conditions = Conditions(scope)
        if page.cursor is not None:
            conditions.add('client_id COLLATE "C" > {}', decode_text_cursor("clients", page.cursor))
        if not all_storable(text):
            return Page([])
        if text is not None:
            holds = "(strpos(lower(client_id), lower({})) > 0 OR strpos(lower(name), lower({})) > 0)"
            conditions.add(holds, text, text)
        order = f' ORDER BY client_id COLLATE "C" LIMIT {page.limit + 1}'
        async with scoped(self._pools, scope, "list_clients") as connection:
            rows = await connection.fetch(_SELECT + conditions.sql + order, *conditions.arguments)
        clients = [CLIENTS.read(row) for row in rows[: page.limit]]
        more = len(rows) > page.limit
        return Page(clients, encode_text_cursor("clients", clients[-1].client_id) if more else None)

    async def rename(self, client_id: str, name: str, *, now_ms: int) -> Client:
        """Change the name."""
        if not all_storable(client_id):
            raise _no_client()
        async with transaction(self._pools.admin, "rename_client") as connection:
            row = await connection.fetchrow(_RENAME, client_id, name, now_ms)
        if row is None:
            raise _no_client()
        return CLIENTS.read(row)

    async def delete(self, client_id: str, *, now_ms: int) -> None:
        """Delete the client with all that it owns."""
        if not all_storable(client_id):
            raise _no_client()
        async with transaction(self._pools.admin, "delete_client") as connection:
            # The lock keeps new rules out, so that every rule that goes is told of.
            locked = "SELECT 1 FROM clients WHERE client_id = $1 FOR UPDATE"
            if await connection.fetchval(locked, client_id) is None:
                raise _no_client()
            gone = "DELETE FROM rules WHERE client_id = $1 RETURNING rule_id, version"
            rules = await connection.fetch(gone, client_id)
            await connection.execute("DELETE FROM clients WHERE client_id = $1", client_id)
            changes = [RuleChange(client_id, row["rule_id"], RuleAction.DELETED, row["version"]) for row in rules]
            await append_changes(connection, changes, now_ms=now_ms)


def _no_client() -> NotFound:
    return NotFound("there is no such client")
