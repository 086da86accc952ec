"""API keys: who may call, for which client, and for what."""

from collections.abc import Sequence
from typing import Protocol

from alerting_core.domain.key import ApiKey
from alerting_core.ports.paging import Page, PageRequest, Scope


class KeyStore(Protocol):
    """Keys by their hash; the key itself is never stored."""

    async def create(self, key: ApiKey) -> ApiKey:
        """Store a new key. Raises Conflict when its hash is stored already, NotFound without its client."""
        ...

    async def list(self, scope: Scope, page: PageRequest) -> Page[ApiKey]:
        """Return a page of keys, newest first (created_at, then key_id), revoked ones included."""
        ...

    async def revoke(self, scope: Scope, key_id: str, *, now_ms: int) -> ApiKey:
        """Mark the key revoked; a key revoked before keeps its first time. Raises NotFound."""
        ...

    async def find_by_hash(self, key_hash: bytes) -> ApiKey | None:
        """Return the key with this hash, revoked or expired ones too; None when there is none."""
        ...

    async def note_use(self, key_id: str, *, now_ms: int) -> None:
        """Record that the key was used, where that is news (`ApiKey.is_use_news`); pass over a key that is gone."""
        ...

    async def operators(self) -> Sequence[ApiKey]:
        """Return the keys without a client that have the scope `admin` and are not revoked."""
        ...
