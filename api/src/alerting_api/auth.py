"""Who calls, and what a caller may do.

Each route names the scopes that reach it: a key needs one of them, or `admin`. `ApiRoute` admits a caller before it
looks at anything else of a request, the body included.
"""

import logging
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Final

from fastapi import Depends, Request, Security
from fastapi.dependencies.models import Dependant
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from alerting_api.container import Authenticator, Principal
from alerting_api.refusals import ProblemKind, Refusal
from alerting_core import limits
from alerting_core.domain.key import ApiKey, KeyScope, hash_key
from alerting_core.errors import AlertingError
from alerting_core.ports.clock import Clock
from alerting_core.ports.keys import KeyStore

PRINCIPAL_KEY: Final = "alerting.principal"
"""Where in the scope of a request it is left who calls."""

KEYS_CACHED_MAX: Final = 10_000
"""Keys remembered by one process: a few megabytes. Unknown keys are not remembered, so that nobody can push out known
ones by guessing."""

KEY_CACHE_MS: Final = 5_000
"""How long a look-up is good for, and so how long a key that another process revoked still opens this one."""

_CHALLENGE: Final = 'Bearer realm="alerting"'

_log: Final = logging.getLogger("alerting.api")

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="key",
    bearerFormat="alk_…",
    description="An API key: `Authorization: Bearer alk_…`. A client's key sees that client alone, an operator's all.",
)


class KeyAuthenticator:
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
        """Record that the key was used, where that is news. A store that is away refuses nobody."""
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
            _log.warning("key_use_not_recorded", extra={"key_id": key.key_id, "detail": str(error)})

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


@dataclass(frozen=True, slots=True)
class Needs:
    """What a route asks of its caller.

    Attributes:
        scopes: Any one of them is enough; none: any valid key is.
        operator: Whether the key must not be bound to a client.
    """

    scopes: Sequence[KeyScope]
    operator: bool


async def admit(request: Request, needs: Needs) -> None:
    """Let the request in, or refuse it."""
    sent: HTTPAuthorizationCredentials | None = await _bearer(request)
    if sent is None:
        detail = "send a key in the header: Authorization: Bearer alk_…"
        raise Refusal(ProblemKind.UNAUTHENTICATED, detail, headers={"WWW-Authenticate": _CHALLENGE})
    principal = await authenticator_of(request).authenticate(sent.credentials)
    if principal is None:
        challenge = f'{_CHALLENGE}, error="invalid_token"'
        detail = "the key is unknown, expired or revoked"
        raise Refusal(ProblemKind.UNAUTHENTICATED, detail, headers={"WWW-Authenticate": challenge})
    request.scope[PRINCIPAL_KEY] = principal
    if needs.scopes and not any(principal.key.allows(scope) for scope in needs.scopes):
        challenge = f'{_CHALLENGE}, error="insufficient_scope", scope="{needs.scopes[0]}"'
        detail = f"this needs a key with the scope {' or '.join(needs.scopes)}"
        raise Refusal(ProblemKind.FORBIDDEN, detail, headers={"WWW-Authenticate": challenge})
    if needs.operator and principal.client_id is not None:
        raise Refusal(ProblemKind.FORBIDDEN, "this needs an operator's key; this one is bound to a client")


def needs_of(dependant: Dependant) -> Needs | None:
    """Return what a route's parameters ask of its caller; None for a route that is open to all."""
    calls = list(_calls(dependant))
    if not any(call is _caller for call, _ in calls):
        return None
    scopes = tuple(KeyScope(scope) for call, own in calls if call is _caller for scope in own)
    return Needs(scopes, operator=any(call is _operator for call, _ in calls))


def _calls(dependant: Dependant) -> Iterator[tuple[object, Sequence[str]]]:
    for each in dependant.dependencies:
        yield each.call, each.own_oauth_scopes or ()
        yield from _calls(each)


def authenticator_of(request: Request) -> Authenticator:
    """Return the authenticator of the application that serves *request*."""
    authenticator: Authenticator = request.app.state.container.authenticator
    return authenticator


async def _caller(request: Request, _: Annotated[object, Depends(_bearer)]) -> Principal:
    # A route that does not go through `admit` finds nobody here, and fails rather than serve a stranger.
    principal: Principal = request.scope[PRINCIPAL_KEY]
    return principal


async def _operator(principal: Annotated[Principal, Security(_caller, scopes=[KeyScope.ADMIN])]) -> Principal:
    return principal


Caller = Annotated[Principal, Security(_caller)]
AlertWriter = Annotated[Principal, Security(_caller, scopes=[KeyScope.ALERTS_WRITE])]
AlertReader = Annotated[Principal, Security(_caller, scopes=[KeyScope.NOTIFICATIONS_READ, KeyScope.RULES_READ])]
RuleReader = Annotated[Principal, Security(_caller, scopes=[KeyScope.RULES_READ])]
RuleWriter = Annotated[Principal, Security(_caller, scopes=[KeyScope.RULES_WRITE])]
NotificationReader = Annotated[Principal, Security(_caller, scopes=[KeyScope.NOTIFICATIONS_READ])]
NotificationResender = Annotated[Principal, Security(_caller, scopes=[KeyScope.NOTIFICATIONS_RESEND])]
Admin = Annotated[Principal, Security(_caller, scopes=[KeyScope.ADMIN])]
Operator = Annotated[Principal, Depends(_operator)]
