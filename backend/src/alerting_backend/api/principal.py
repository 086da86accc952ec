"""Who is calling: the valid key behind a bearer token, and the client that it is bound to."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Final

import structlog

from alerting_core import limits
from alerting_core.domain.key import ApiKey, hash_key
from alerting_core.errors import AlertingError
from alerting_core.ports.clock import Clock
from alerting_core.ports.keys import KeyStore
from alerting_core.ports.paging import Scope

KEYS_CACHED_MAX: Final = 10_000
"""Keys remembered by one process: a few megabytes. Unknown keys are not remembered, so that nobody can push out known
ones by guessing."""

KEY_CACHE_MS: Final = 5_000
"""How long a look-up is good for, and so how long a key that another process revoked still opens this one."""

PRINCIPAL_KEY: Final = "alerting.principal"
"""Where in the scope of a request authentication leaves who is calling."""

_log = structlog.get_logger("alerting.api")


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of one request.

    Attributes:
        client_id: The one client whose objects exist for it; None for an operator, who sees all.
    """

    key_id: str
    client_id: str | None
    key: ApiKey

    @property
    def scope(self) -> Scope:
        """On whose behalf the ports are called."""
        return self.client_id

    @property
    def owner(self) -> str:
        """Whose Idempotency-Keys these are."""
        return self.client_id or ""


class Authenticator:
    """Finds the valid key behind a bearer token, with a bounded memory for those seen lately."""

    def __init__(self, keys: KeyStore, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self._seen: OrderedDict[bytes, tuple[ApiKey, int]] = OrderedDict()

    async def authenticate(self, token: str) -> Principal | None:
        """Return who *token* belongs to; None for no valid key."""
        if not token or len(token) > limits.ID_CHARS_MAX:
            return None
        now_ms = self._clock.now_ms()
        key = await self._find(hash_key(token), now_ms=now_ms)
        if key is None or not key.is_valid(now_ms=now_ms):
            return None
        return Principal(key.key_id, key.client_id, key)

    async def note_use(self, principal: Principal) -> None:
        """Record that the key was used, where that is news. A store that is away refuses nobody: later uses tell it."""
        now_ms = self._clock.now_ms()
        key, looked_up_at_ms = self._seen.get(principal.key.hash, (principal.key, now_ms))
        if not key.is_use_news(now_ms=now_ms):
            return
        # Before the store answers, so that of many requests at once the first one alone writes.
        if key.hash in self._seen:
            self._seen[key.hash] = (replace(key, last_used_at_ms=now_ms), looked_up_at_ms)
        try:
            await self._keys.note_use(key.key_id, now_ms=now_ms)
        except AlertingError as error:
            _log.warning("key_use_not_recorded", key_id=key.key_id, detail=str(error))

    def forget(self) -> None:
        """Look every key up anew: one was changed here."""
        self._seen.clear()

    async def _find(self, key_hash: bytes, *, now_ms: int) -> ApiKey | None:
        known = self._seen.get(key_hash)
        # An age below zero: the clock was set back, and nothing is known about how old the entry is.
        if known is not None and 0 <= now_ms - known[1] < KEY_CACHE_MS:
            self._seen.move_to_end(key_hash)
            return known[0]
        key = await self._keys.find_by_hash(key_hash)
        if key is None:
            self._seen.pop(key_hash, None)
            return None
        self._seen[key_hash] = (key, now_ms)
        self._seen.move_to_end(key_hash)
        if len(self._seen) > KEYS_CACHED_MAX:
            self._seen.popitem(last=False)
        return key
