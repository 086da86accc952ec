"""Who is calling and what for: bearer keys, their scopes, and the client that a key is bound to."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from alerting_backend.api.problem_codes import ProblemKind
from alerting_backend.api.problems import Refusal
from alerting_backend.api.request_log import PRINCIPAL_KEY
from alerting_core import limits
from alerting_core.domain.key import ApiKey, KeyScope, hash_key
from alerting_core.ports.clock import Clock
from alerting_core.ports.keys import KeyStore
from alerting_core.ports.paging import Scope

KEYS_CACHED_MAX: Final = 10_000
"""Keys remembered by one process: a few megabytes. Unknown keys are not remembered, so that nobody can push out known
ones by guessing."""

KEY_CACHE_MS: Final = 5_000
"""How long a look-up is good for, and so how long a key that another process revoked still opens this one."""


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


def authenticator_of(request: Request) -> Authenticator:
    """Return the authenticator of the application that serves *request*."""
    authenticator: Authenticator = request.app.state.authenticator
    return authenticator


_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="key",
    bearerFormat="alk_…",
    description="An API key: `Authorization: Bearer alk_…`. A client's key sees that client alone, an operator's all.",
)

_CHALLENGE: Final = 'Bearer realm="alerting"'


async def authorize(
    request: Request,
    needed: SecurityScopes,
    sent: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Principal:
    """Return the caller, if its key may be used for the scopes that the route names."""
    if sent is None:
        detail = "send a key in the header: Authorization: Bearer alk_…"
        raise Refusal(ProblemKind.UNAUTHENTICATED, detail, headers={"WWW-Authenticate": _CHALLENGE})
    principal = await authenticator_of(request).authenticate(sent.credentials)
    if principal is None:
        challenge = f'{_CHALLENGE}, error="invalid_token"'
        detail = "the key is unknown, expired or revoked"
        raise Refusal(ProblemKind.UNAUTHENTICATED, detail, headers={"WWW-Authenticate": challenge})
    request.scope[PRINCIPAL_KEY] = principal
    for scope in needed.scopes:
        if not principal.key.allows(KeyScope(scope)):
            challenge = f'{_CHALLENGE}, error="insufficient_scope", scope="{scope}"'
            detail = f"this needs a key with the scope {scope}"
            raise Refusal(ProblemKind.FORBIDDEN, detail, headers={"WWW-Authenticate": challenge})
    return principal


async def authorize_operator(
    principal: Annotated[Principal, Security(authorize, scopes=[KeyScope.ADMIN])],
) -> Principal:
    """Return the caller, if it is an operator."""
    if principal.client_id is not None:
        raise Refusal(ProblemKind.FORBIDDEN, "this needs an operator's key; this one is bound to a client")
    return principal


AlertWriter = Annotated[Principal, Security(authorize, scopes=[KeyScope.ALERTS_WRITE])]
RuleReader = Annotated[Principal, Security(authorize, scopes=[KeyScope.RULES_READ])]
RuleWriter = Annotated[Principal, Security(authorize, scopes=[KeyScope.RULES_WRITE])]
NotificationReader = Annotated[Principal, Security(authorize, scopes=[KeyScope.NOTIFICATIONS_READ])]
NotificationResender = Annotated[Principal, Security(authorize, scopes=[KeyScope.NOTIFICATIONS_RESEND])]
Admin = Annotated[Principal, Security(authorize, scopes=[KeyScope.ADMIN])]
Operator = Annotated[Principal, Depends(authorize_operator)]
