"""Clients and their API keys on Postgres. Only operators' connections reach the table of keys."""

from collections.abc import Sequence
from typing import Final

from alerting_backend.adapters.postgres.catalog.rule_distribution import RuleChange, append_changes
from alerting_backend.adapters.postgres.connection import Pools, connected, transaction
from alerting_backend.adapters.postgres.rows import API_KEYS, CLIENTS
from alerting_backend.adapters.postgres.tables import Conditions, NewestFirst, all_storable, refusals, scoped
from alerting_core.codec.records import RuleAction, is_uuid
from alerting_core.domain.client import KEY_USE_MS, ApiKey, Client, KeyScope
from alerting_core.errors import Conflict, NotFound
from alerting_core.ports.catalog import Page, PageRequest, Scope, decode_text_cursor, encode_text_cursor

_SELECT_CLIENTS: Final = f"SELECT {CLIENTS.columns} FROM clients"

_INSERT_CLIENT: Final = f"INSERT INTO clients ({CLIENTS.columns}) VALUES ({CLIENTS.places})"

_RENAME_CLIENT: Final = (
    f"UPDATE clients SET name = $2, updated_at = $3 WHERE client_id = $1 RETURNING {CLIENTS.columns}"
)


class PgClientStore:
    """Stores clients."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools

    async def create(self, client: Client) -> Client:
        """Store a new client."""
        taken = {"clients_pkey": lambda: Conflict("there is a client with this client_id already")}
        with refusals(taken):
            async with transaction(self._pools.admin, "create_client") as connection:
                await connection.execute(_INSERT_CLIENT, *CLIENTS.row(client))
        return client

    async def get(self, scope: Scope, client_id: str) -> Client:
        """Return one client."""
        if scope not in {None, client_id} or not all_storable(client_id):
            raise _no_client()
        async with scoped(self._pools, scope, "get_client") as connection:
            row = await connection.fetchrow(_SELECT_CLIENTS + " WHERE client_id = $1", client_id)
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
            rows = await connection.fetch(_SELECT_CLIENTS + conditions.sql + order, *conditions.arguments)
        clients = [CLIENTS.read(row) for row in rows[: page.limit]]
        more = len(rows) > page.limit
        return Page(clients, encode_text_cursor("clients", clients[-1].client_id) if more else None)

    async def rename(self, client_id: str, name: str, *, now_ms: int) -> Client:
        """Change the name."""
        if not all_storable(client_id):
            raise _no_client()
        async with transaction(self._pools.admin, "rename_client") as connection:
            row = await connection.fetchrow(_RENAME_CLIENT, client_id, name, now_ms)
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
            # Answers that it was given are not for a client who takes the id later.
            await connection.execute("DELETE FROM idempotency_keys WHERE owner = $1", client_id)
            await connection.execute("DELETE FROM clients WHERE client_id = $1", client_id)
            changes = [RuleChange(client_id, row["rule_id"], RuleAction.DELETED, row["version"]) for row in rules]
            await append_changes(connection, changes, now_ms=now_ms)


def _no_client() -> NotFound:
    return NotFound("there is no such client")


_SELECT_KEYS: Final = f"SELECT {API_KEYS.columns} FROM api_keys"
_LIST_KEYS: Final = NewestFirst("keys", _SELECT_KEYS, "key_id", API_KEYS.read)

_INSERT_KEY: Final = f"INSERT INTO api_keys ({API_KEYS.columns}) VALUES ({API_KEYS.places})"

_NOTE_KEY_USE: Final = """
UPDATE api_keys SET last_used_at = $2 WHERE key_id = $1 AND (last_used_at IS NULL OR last_used_at <= $3)
"""

_REFUSED_KEYS: Final = {
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
        with refusals(_REFUSED_KEYS):
            async with transaction(self._pools.admin, "create_key") as connection:
                await connection.execute(_INSERT_KEY, *API_KEYS.row(key))
        return key

    async def list(self, scope: Scope, page: PageRequest) -> Page[ApiKey]:
        """Return a page of keys."""
        return await _LIST_KEYS.page(self._pools, None, Conditions(scope), page)

    async def revoke(self, scope: Scope, key_id: str, *, now_ms: int) -> ApiKey:
        """Mark the key revoked."""
        conditions = Conditions(scope)
        conditions.add_equal(key_id=key_id)
        async with transaction(self._pools.admin, "revoke_key") as connection:
            row = None
            if is_uuid(key_id):
                row = await connection.fetchrow(_SELECT_KEYS + conditions.sql + " FOR UPDATE", *conditions.arguments)
            if row is None:
                raise NotFound("there is no such key")
            revoked = "UPDATE api_keys SET revoked_at = coalesce(revoked_at, $2) WHERE key_id = $1 RETURNING *"
            row = await connection.fetchrow(revoked, key_id, now_ms)
        assert row is not None, "the row is locked"
        return API_KEYS.read(row)

    async def find_by_hash(self, key_hash: bytes) -> ApiKey | None:
        """Return the key with this hash."""
        async with transaction(self._pools.admin, "find_key", readonly=True) as connection:
            row = await connection.fetchrow(_SELECT_KEYS + " WHERE hash = $1", key_hash)
        return None if row is None else API_KEYS.read(row)

    async def note_use(self, key_id: str, *, now_ms: int) -> None:
        """Record that the key was used."""
        if not is_uuid(key_id):
            return
        async with connected(self._pools.admin, "note_key_use") as connection:
            await connection.execute(_NOTE_KEY_USE, key_id, now_ms, now_ms - KEY_USE_MS)

    async def operators(self) -> Sequence[ApiKey]:
        """Return the operators' keys that are not revoked."""
        found = _SELECT_KEYS + " WHERE client_id IS NULL AND revoked_at IS NULL AND $1 = ANY (scopes)"
        async with transaction(self._pools.admin, "operators", readonly=True) as connection:
            rows = await connection.fetch(found, str(KeyScope.ADMIN))
        return [API_KEYS.read(row) for row in rows]
