"""API keys on Postgres. Only operators' connections reach them: a client's key never reads the table of keys."""

from collections.abc import Sequence
from typing import Final

from alerting_backend.adapters.postgres.pages import NewestFirst
from alerting_backend.adapters.postgres.pools import Pools, connected, transaction
from alerting_backend.adapters.postgres.rows import API_KEYS
from alerting_backend.adapters.postgres.scoped import Conditions, all_storable, refusals
from alerting_core.codec.notification import is_uuid
from alerting_core.domain.key import KEY_USE_MS, ApiKey, KeyScope
from alerting_core.errors import Conflict, NotFound
from alerting_core.ports.paging import Page, PageRequest, Scope

_SELECT: Final = f"SELECT {API_KEYS.columns} FROM api_keys"
_LIST: Final = NewestFirst("keys", _SELECT, "key_id", API_KEYS.read)

_INSERT: Final = f"INSERT INTO api_keys ({API_KEYS.columns}) VALUES ({API_KEYS.places})"

_NOTE_USE: Final = """
UPDATE api_keys SET last_used_at = $2 WHERE key_id = $1 AND (last_used_at IS NULL OR last_used_at <= $3)
"""

_REFUSED: Final = {
    "api_keys_pkey": lambda: Conflict("this key is stored already"),
    "api_keys_hash_key": lambda: Conflict("this key is stored already"),
    "api_keys_client_id_fkey": lambda: NotFound("there is no such client"),
}


class PgKeyStore:
    """Stores keys by their hash."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools

    async def create(self, key: ApiKey) -> ApiKey:
        """Store a new key."""
        if not all_storable(key.client_id):
            raise NotFound("there is no such client")
        with refusals(_REFUSED):
            async with transaction(self._pools.admin, "create_key") as connection:
                await connection.execute(_INSERT, *API_KEYS.row(key))
        return key

    async def list(self, scope: Scope, page: PageRequest) -> Page[ApiKey]:
        """Return a page of keys."""
        return await _LIST.page(self._pools, None, Conditions(scope), page)

    async def revoke(self, scope: Scope, key_id: str, *, now_ms: int) -> ApiKey:
        """Mark the key revoked."""
        conditions = Conditions(scope)
        conditions.add_equal(key_id=key_id)
        async with transaction(self._pools.admin, "revoke_key") as connection:
            row = None
            if is_uuid(key_id):
                row = await connection.fetchrow(_SELECT + conditions.sql + " FOR UPDATE", *conditions.arguments)
            if row is None:
                raise NotFound("there is no such key")
            revoked = "UPDATE api_keys SET revoked_at = coalesce(revoked_at, $2) WHERE key_id = $1 RETURNING *"
            row = await connection.fetchrow(revoked, key_id, now_ms)
        assert row is not None, "the row is locked"
        return API_KEYS.read(row)

    async def find_by_hash(self, key_hash: bytes) -> ApiKey | None:
        """Return the key with this hash."""
        async with transaction(self._pools.admin, "find_key", readonly=True) as connection:
            row = await connection.fetchrow(_SELECT + " WHERE hash = $1", key_hash)
        return None if row is None else API_KEYS.read(row)

    async def note_use(self, key_id: str, *, now_ms: int) -> None:
        """Record that the key was used."""
        if not is_uuid(key_id):
            return
        async with connected(self._pools.admin, "note_key_use") as connection:
            await connection.execute(_NOTE_USE, key_id, now_ms, now_ms - KEY_USE_MS)

    async def operators(self) -> Sequence[ApiKey]:
        """Return the operators' keys that are not revoked."""
        found = _SELECT + " WHERE client_id IS NULL AND revoked_at IS NULL AND $1 = ANY (scopes)"
        async with transaction(self._pools.admin, "operators", readonly=True) as connection:
            rows = await connection.fetch(found, str(KeyScope.ADMIN))
        return [API_KEYS.read(row) for row in rows]
