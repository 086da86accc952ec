"""What the API is made of, who calls it, and what a caller may do.

A `Container` holds the use cases and ports, put together by whoever serves the API (a server, Lambda, a browser tab).

Each route names the scopes that reach it: a key needs one of them, or `admin`. `ApiRoute` admits a caller before it
looks at anything else of a request, the body included.
"""

import logging
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Annotated, Final, Protocol
from uuid import uuid4

from fastapi import Depends, Request, Security
from fastapi.dependencies.models import Dependant
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from alerting_api.dialect import dialect_of
from alerting_api.problems import ProblemKind, Refusal
from alerting_core import limits
from alerting_core.app.application import Application
from alerting_core.app.dead_letters import DeadLetters
from alerting_core.app.operations import Dashboard, GeneratorJobs
from alerting_core.app.sns import SnsIntake
from alerting_core.domain.client import ApiKey, KeyScope, hash_key
from alerting_core.errors import AlertingError
from alerting_core.ports.catalog import KeyStore, Scope
from alerting_core.ports.clock import Clock
from alerting_core.ports.history import AlertAccess
from alerting_core.ports.idempotency import IdempotencyStore

SOURCE_LABEL_DEFAULT: Final = "job"


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
    def alert_access(self) -> AlertAccess:
        """Which alerts it may see."""
        notified_only = self.client_id is not None and not self.key.allows(KeyScope.ALERTS_READ)
        return AlertAccess(self.client_id, notified_only=notified_only)

    @property
    def owner(self) -> str:
        """Whose Idempotency-Keys these are."""
        return self.client_id or ""


class Authenticator(Protocol):
    """Knows who calls."""

    async def authenticate(self, token: str) -> Principal | None:
        """Return who the bearer token *token* belongs to; None for no valid key."""
        ...

    async def note_use(self, principal: Principal) -> None:
        """Record that the key was used, where that is news; never raises an AlertingError."""
        ...

    def forget(self) -> None:
        """Look every key up anew: one was changed here."""
        ...


class RequestObserver:
    """Looks at requests, and does nothing with them: a server counts and logs them."""

    def observing(self, request_id: str) -> AbstractContextManager[object]:
        """Return what is entered while the request of this id is served."""
        return nullcontext()

    def taken_in(self, outcomes: Mapping[str, int]) -> None:
        """Hear of alerts that were taken in: how many became what, by the names of `OutcomeName`."""

    def answered(self, *, method: str, path: str, status: int, seconds: float, caller: Principal | None) -> None:
        """Hear of a request that was answered; *path* is its operation's template."""


def _random_id() -> str:
    return str(uuid4())


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """Everything that a request may need. Routes get no settings and know no adapter.

    Attributes:
        started_at_ms: Since when this process serves.
        source_label: The label of a Prometheus alert that becomes its source.
        sns: Takes in messages of Amazon SNS; None when the operator allows no topic.
        new_request_id: Names a request whose caller did not.
        observer: Hears of every request.
    """

    use: Application
    clock: Clock
    authenticator: Authenticator
    idempotency: IdempotencyStore
    jobs: GeneratorJobs
    dead_letters: DeadLetters
    dashboard: Dashboard
    started_at_ms: int
    source_label: str = SOURCE_LABEL_DEFAULT
    sns: SnsIntake | None = None
    new_request_id: Callable[[], str] = _random_id
    observer: RequestObserver = field(default_factory=RequestObserver)


async def container_of(request: Request) -> Container:
    """Return the container of the application that serves *request*."""
    container: Container = request.app.state.container
    return container


async def _use_cases(container: Annotated[Container, Depends(container_of)]) -> Application:
    return container.use


Parts = Annotated[Container, Depends(container_of)]
"""A route's way to the ports."""

Use = Annotated[Application, Depends(_use_cases)]
"""A route's way to the use cases."""


PRINCIPAL_KEY: Final = "alerting.principal"
"""Where in the scope of a request it is left who calls."""

KEYS_CACHED_MAX: Final = 10_000
"""Keys remembered by one process: a few megabytes. Unknown keys are not remembered, so that nobody can push out known
ones by guessing."""

KEY_CACHE_MS: Final = 5_000
"""How long a look-up is good for, and so how long a key that another process revoked still opens this one."""

_CHALLENGE: Final = 'Bearer realm="alerting"'

_log: Final = logging.getLogger("alerting.api")

_PASSWORD_CHALLENGE: Final = 'Basic realm="alerting"'
"""What a caller is told besides where it may send its key as a password."""

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="key",
    bearerFormat="alk_…",
    description="An API key: `Authorization: Bearer alk_…`. A client's key sees that client alone, an operator's all. "
    "Whoever sends alerts may also send it as the password of basic authentication, with any name.",
)


class KeyAuthenticator:
    """Finds the valid key behind a bearer token, with a bounded memory for those seen lately."""

    def __init__(self, keys: KeyStore, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self._seen: OrderedDict[bytes, tuple[ApiKey, int]] = OrderedDict()
        self._times_forgotten = 0

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
        self._times_forgotten += 1

    async def _find(self, key_hash: bytes, *, now_ms: int) -> ApiKey | None:
        known = self._seen.get(key_hash)
        # An age below zero: the clock was set back, and nothing is known about how old the entry is.
        if known is not None and 0 <= now_ms - known[1] < KEY_CACHE_MS:
            self._seen.move_to_end(key_hash)
            return known[0]
        times_forgotten = self._times_forgotten
        key = await self._keys.find_by_hash(key_hash)
        if key is None:
            self._seen.pop(key_hash, None)
            return None
        if times_forgotten != self._times_forgotten:
            return key  # It may have been changed while it was looked up: not to be remembered.
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
    token = await _token_of(request, needs)
    asked = f", {_PASSWORD_CHALLENGE}" if dialect_of(request.scope["path"]).asks_for_password else ""
    if token is None:
        detail = "send a key in the header: Authorization: Bearer alk_…"
        raise Refusal(ProblemKind.UNAUTHENTICATED, detail, headers={"WWW-Authenticate": _CHALLENGE + asked})
    principal = await authenticator_of(request).authenticate(token)
    if principal is None:
        challenge = f'{_CHALLENGE}, error="invalid_token"{asked}'
        detail = "the key is unknown, expired or revoked"
        raise Refusal(ProblemKind.UNAUTHENTICATED, detail, headers={"WWW-Authenticate": challenge})
    request.scope[PRINCIPAL_KEY] = principal
    if needs.scopes and not any(principal.key.allows(scope) for scope in needs.scopes):
        challenge = f'{_CHALLENGE}, error="insufficient_scope", scope="{needs.scopes[0]}"'
        detail = f"this needs a key with the scope {' or '.join(needs.scopes)}"
        raise Refusal(ProblemKind.FORBIDDEN, detail, headers={"WWW-Authenticate": challenge})
    if needs.operator and principal.client_id is not None:
        raise Refusal(ProblemKind.FORBIDDEN, "this needs an operator's key; this one is bound to a client")


async def _token_of(request: Request, needs: Needs) -> str | None:
    """Return the key that the request came with; None for none."""
    sent: HTTPAuthorizationCredentials | None = await _bearer(request)
    if sent is not None:
        return sent.credentials
    # Some senders of alerts know basic authentication alone. For all else a bearer token is asked for, which no browser
    # sends by itself on behalf of a page that somebody else wrote.
    return _password_of(request.headers.get("authorization", "")) if KeyScope.ALERTS_WRITE in needs.scopes else None


def _password_of(authorization: str) -> str | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        _, _, password = b64decode(encoded.strip()).decode().partition(":")
    except ValueError:
        return None
    return password or None


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
_READS_ALERTS: Final = (KeyScope.ALERTS_READ, KeyScope.NOTIFICATIONS_READ, KeyScope.RULES_READ)
AlertReader = Annotated[Principal, Security(_caller, scopes=_READS_ALERTS)]
RuleReader = Annotated[Principal, Security(_caller, scopes=[KeyScope.RULES_READ])]
RuleWriter = Annotated[Principal, Security(_caller, scopes=[KeyScope.RULES_WRITE])]
NotificationReader = Annotated[Principal, Security(_caller, scopes=[KeyScope.NOTIFICATIONS_READ])]
NotificationResender = Annotated[Principal, Security(_caller, scopes=[KeyScope.NOTIFICATIONS_RESEND])]
Admin = Annotated[Principal, Security(_caller, scopes=[KeyScope.ADMIN])]
Operator = Annotated[Principal, Depends(_operator)]
