"""Clients, as operators keep them."""

from dataclasses import dataclass

from alerting_core import limits
from alerting_core.domain.client import Client, check_client
from alerting_core.domain.text import check_text
from alerting_core.errors import InvalidInput
from alerting_core.ports.catalog import ClientStore
from alerting_core.ports.clock import Clock
from alerting_core.ports.paging import Page, PageRequest, Scope


@dataclass(frozen=True, slots=True)
class Clients:
    """What may be done with clients. Creating, renaming and deleting is for operators: the caller sees to that."""

    store: ClientStore
    clock: Clock

    async def create(self, client_id: str, name: str) -> Client:
        """Store a new client. Raises InvalidInput, Conflict."""
        if problems := check_client(client_id, name):
            raise InvalidInput(problems)
        now_ms = self.clock.now_ms()
        return await self.store.create(Client(client_id, name, created_at_ms=now_ms, updated_at_ms=now_ms))

    async def get(self, scope: Scope, client_id: str) -> Client:
        """Return one client. Raises NotFound."""
        return await self.store.get(scope, client_id)

    async def list(self, scope: Scope, page: PageRequest, *, text: str | None = None) -> Page[Client]:
        """Return a page of clients, in client_id order. Raises InvalidInput for a foreign cursor."""
        return await self.store.list(scope, page, text=text)

    async def rename(self, client_id: str, name: str) -> Client:
        """Change the name. Raises InvalidInput, NotFound."""
        if problems := tuple(check_text("name", name, chars_max=limits.ID_CHARS_MAX)):
            raise InvalidInput(problems)
        return await self.store.rename(client_id, name, now_ms=self.clock.now_ms())

    async def delete(self, client_id: str) -> None:
        """Delete the client with all that it owns. Raises NotFound."""
        await self.store.delete(client_id, now_ms=self.clock.now_ms())
