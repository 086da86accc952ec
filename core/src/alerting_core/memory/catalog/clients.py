"""Clients in memory."""

from dataclasses import replace

from alerting_core.domain.client import Client
from alerting_core.errors import Conflict, NotFound
from alerting_core.memory.catalog.tables import remove_client
from alerting_core.memory.database import MemoryDatabase
from alerting_core.memory.pages import in_text_order
from alerting_core.ports.paging import Page, PageRequest, Scope


class MemoryClientStore:
    """Stores clients."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def create(self, client: Client) -> Client:
        """Store a new client."""
        if client.client_id in self._database.clients:
            raise Conflict("there is a client with this client_id already")
        self._database.clients[client.client_id] = client
        return client

    async def get(self, scope: Scope, client_id: str) -> Client:
        """Return one client."""
        client = self._database.clients.get(client_id)
        if client is None or scope not in {None, client_id}:
            raise NotFound("there is no such client")
        return client

    async def list(self, scope: Scope, page: PageRequest, *, text: str | None = None) -> Page[Client]:
        """Return a page of clients."""
        found = (c for c in self._database.clients.values() if scope in {None, c.client_id} and _holds(c, text))
        return in_text_order("clients", found, lambda client: client.client_id, page)

    async def rename(self, client_id: str, name: str, *, now_ms: int) -> Client:
        """Change the name."""
        client = replace(await self.get(None, client_id), name=name, updated_at_ms=now_ms)
        self._database.clients[client_id] = client
        return client

    async def delete(self, client_id: str, *, now_ms: int) -> None:
        """Delete the client with all that it owns."""
        await self.get(None, client_id)
        remove_client(self._database, client_id)


def _holds(client: Client, text: str | None) -> bool:
    return text is None or text.lower() in client.client_id.lower() or text.lower() in client.name.lower()
