"""Clients, as operators keep them, and their API keys: made once, shown once, looked up by their hash."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field

from alerting_core import limits
from alerting_core.app.catalog import client_of_call
from alerting_core.domain import client
from alerting_core.domain.text import check_text
from alerting_core.errors import Conflict, InvalidInput
from alerting_core.ports.catalog import ClientStore, KeyStore, Page, PageRequest, Scope
from alerting_core.ports.clock import Clock, IdSource


@dataclass(frozen=True, slots=True)
class Clients:
    """What may be done with clients. Creating, renaming and deleting is for operators: the caller sees to that."""

    store: ClientStore
    clock: Clock

    async def create(self, client_id: str, name: str) -> client.Client:
        """Store a new client. Raises InvalidInput, Conflict."""
        if problems := client.check_client(client_id, name):
            raise InvalidInput(problems)
        now_ms = self.clock.now_ms()
        return await self.store.create(client.Client(client_id, name, created_at_ms=now_ms, updated_at_ms=now_ms))

    async def get(self, scope: Scope, client_id: str) -> client.Client:
        """Return one client. Raises NotFound."""
        return await self.store.get(scope, client_id)

    async def list(self, scope: Scope, page: PageRequest, *, text: str | None = None) -> Page[client.Client]:
        """Return a page of clients, in client_id order. Raises InvalidInput for a foreign cursor."""
        return await self.store.list(scope, page, text=text)

    async def rename(self, client_id: str, name: str) -> client.Client:
        """Change the name. Raises InvalidInput, NotFound."""
        if problems := tuple(check_text("name", name, chars_max=limits.ID_CHARS_MAX)):
            raise InvalidInput(problems)
        return await self.store.rename(client_id, name, now_ms=self.clock.now_ms())

    async def delete(self, client_id: str) -> None:
        """Delete the client with all that it owns. Raises NotFound."""
        await self.store.delete(client_id, now_ms=self.clock.now_ms())


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made, with its text, which is shown this once."""

    key: client.ApiKey
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Keys:
    """What may be done with keys."""

    store: KeyStore
    clock: Clock
    ids: IdSource

    async def create(
        self,
        scope: Scope,
        client_id: str | None,
        *,
        name: str,
        scopes: Collection[str],
        expires_at_ms: int | None = None,
    ) -> NewKey:
        """Make a key for *client_id*; an operator who names none makes an operator's key.

        Raises InvalidInput, NotFound (the client).
        """
        if problems := client.check_key(name, list(scopes), expires_at_ms=expires_at_ms, now_ms=self.clock.now_ms()):
            raise InvalidInput(problems)
        owner = None if scope is None and client_id is None else client_of_call(scope, client_id)
        text = client.format_key(self.ids.new_bytes(limits.KEY_BYTES))
        key = self._key(text, owner, name, frozenset(client.KeyScope(s) for s in scopes), expires_at_ms)
        return NewKey(await self.store.create(key), text)

    async def list(self, scope: Scope, page: PageRequest, *, client_id: str | None = None) -> Page[client.ApiKey]:
        """Return a page of keys, newest first, revoked ones included. Raises InvalidInput for a foreign cursor.

        Args:
            client_id: Only the keys of this client.
        """
        if client_id is None:
            return await self.store.list(scope, page)
        return await self.store.list(client_id, page) if scope in (None, client_id) else Page(())

    async def revoke(self, scope: Scope, key_id: str) -> client.ApiKey:
        """Make the key useless from now on. Raises NotFound."""
        return await self.store.revoke(scope, key_id, now_ms=self.clock.now_ms())

    async def ensure_admin_key(self, given: str | None = None) -> str | None:
        """See to it that an operator can get in; return the text of a key that was made for that, to be shown once.

        Args:
            given: A key chosen by the operator, which then is valid. None: a key is made when there is none yet.

        Raises:
            InvalidInput: *given* cannot be sent as a bearer token.
        """
        if given is None:
            now_ms = self.clock.now_ms()
            if any(key.is_valid(now_ms=now_ms) for key in await self.store.operators()):
                return None
            made = client.format_key(self.ids.new_bytes(limits.KEY_BYTES))
            await self.store.create(self._key(made, None, "first admin key", frozenset({client.KeyScope.ADMIN}), None))
            return made
        if problems := tuple(client.check_given_key(given)):
            raise InvalidInput(problems, "the given admin key cannot be used")
        with suppress(Conflict):  # It was given at an earlier start, too.
            await self.store.create(self._key(given, None, "given admin key", frozenset({client.KeyScope.ADMIN}), None))
        return None

    def _key(
        self, text: str, client_id: str | None, name: str, scopes: frozenset[client.KeyScope], expires_at_ms: int | None
    ) -> client.ApiKey:
        return client.ApiKey(
            key_id=self.ids.new_uuid(),
            client_id=client_id,
            name=name,
            prefix=client.shown_prefix(text),
            hash=client.hash_key(text),
            scopes=scopes,
            created_at_ms=self.clock.now_ms(),
            expires_at_ms=expires_at_ms,
        )
