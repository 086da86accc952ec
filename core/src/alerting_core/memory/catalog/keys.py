"""API keys in memory."""

from collections.abc import Sequence
from dataclasses import replace

from alerting_core.domain.key import ApiKey, KeyScope
from alerting_core.errors import Conflict, NotFound
from alerting_core.memory.database import MemoryDatabase
from alerting_core.memory.pages import newest_first
from alerting_core.ports.cursor import TimeKey
from alerting_core.ports.paging import Page, PageRequest, Scope


class MemoryKeyStore:
    """Stores keys by their hash."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def create(self, key: ApiKey) -> ApiKey:
        """Store a new key."""
        if key.client_id is not None and key.client_id not in self._database.clients:
            raise NotFound("there is no such client")
        if key.key_id in self._database.keys or await self.find_by_hash(key.hash) is not None:
            raise Conflict("this key is stored already")
        self._database.keys[key.key_id] = key
        return key

    async def list(self, scope: Scope, page: PageRequest) -> Page[ApiKey]:
        """Return a page of keys."""
        found = (key for key in self._database.keys.values() if scope in {None, key.client_id})
        return newest_first("keys", found, lambda key: TimeKey(key.created_at_ms, key.key_id), page)

    async def revoke(self, scope: Scope, key_id: str, *, now_ms: int) -> ApiKey:
        """Mark the key revoked."""
        key = self._database.keys.get(key_id)
        if key is None or scope not in {None, key.client_id}:
            raise NotFound("there is no such key")
        if key.revoked_at_ms is None:
            key = self._database.keys[key_id] = replace(key, revoked_at_ms=now_ms)
        return key

    async def find_by_hash(self, key_hash: bytes) -> ApiKey | None:
        """Return the key with this hash."""
        return next((key for key in self._database.keys.values() if key.hash == key_hash), None)

    async def note_use(self, key_id: str, *, now_ms: int) -> None:
        """Record that the key was used."""
        key = self._database.keys.get(key_id)
        if key is not None and key.is_use_news(now_ms=now_ms):
            self._database.keys[key_id] = replace(key, last_used_at_ms=now_ms)

    async def operators(self) -> Sequence[ApiKey]:
        """Return the operators' keys that are not revoked."""
        keys = self._database.keys.values()
        return [k for k in keys if k.client_id is None and k.revoked_at_ms is None and KeyScope.ADMIN in k.scopes]
