"""What a caller may do: each route names the scope that it needs, and is reached by keys that have it alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request, Security
from fastapi.dependencies.models import Dependant
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from alerting_backend.api.principal import PRINCIPAL_KEY, Authenticator, Principal
from alerting_core.api.problem_kinds import ProblemKind
from alerting_core.api.refusal import Refusal
from alerting_core.domain.key import KeyScope

_CHALLENGE: Final = 'Bearer realm="alerting"'

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="key",
    bearerFormat="alk_…",
    description="An API key: `Authorization: Bearer alk_…`. A client's key sees that client alone, an operator's all.",
)


@dataclass(frozen=True, slots=True)
class Needs:
    """What a route asks of its caller.

    Attributes:
        operator: Whether the key must not be bound to a client.
    """

    scopes: frozenset[KeyScope]
    operator: bool


async def admit(request: Request, needs: Needs) -> None:
    """Let the request in, or refuse it. `ApiRoute` calls this before it looks at anything else, the body included."""
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
    for scope in needs.scopes:
        if not principal.key.allows(scope):
            challenge = f'{_CHALLENGE}, error="insufficient_scope", scope="{scope}"'
            detail = f"this needs a key with the scope {scope}"
            raise Refusal(ProblemKind.FORBIDDEN, detail, headers={"WWW-Authenticate": challenge})
    if needs.operator and principal.client_id is not None:
        raise Refusal(ProblemKind.FORBIDDEN, "this needs an operator's key; this one is bound to a client")


def needs_of(dependant: Dependant) -> Needs | None:
    """Return what a route's parameters ask of its caller; None for a route that is open to all."""
    calls = list(_calls(dependant))
    if not any(call is _caller for call, _ in calls):
        return None
    scopes = frozenset(KeyScope(s) for call, own in calls if call is _caller for s in own)
    return Needs(scopes, operator=any(call is _operator for call, _ in calls))


def _calls(dependant: Dependant) -> Iterator[tuple[object, Sequence[str]]]:
    for each in dependant.dependencies:
        yield each.call, each.own_oauth_scopes or ()
        yield from _calls(each)


def authenticator_of(request: Request) -> Authenticator:
    """Return the authenticator of the application that serves *request*."""
    authenticator: Authenticator = request.app.state.authenticator
    return authenticator


def _caller(request: Request, _: Annotated[object, Depends(_bearer)]) -> Principal:
    # A route that does not go through `admit` finds nobody here, and fails rather than serve a stranger.
    principal: Principal = request.scope[PRINCIPAL_KEY]
    return principal


def _operator(principal: Annotated[Principal, Security(_caller, scopes=[KeyScope.ADMIN])]) -> Principal:
    return principal


Caller = Annotated[Principal, Security(_caller)]
AlertWriter = Annotated[Principal, Security(_caller, scopes=[KeyScope.ALERTS_WRITE])]
RuleReader = Annotated[Principal, Security(_caller, scopes=[KeyScope.RULES_READ])]
RuleWriter = Annotated[Principal, Security(_caller, scopes=[KeyScope.RULES_WRITE])]
NotificationReader = Annotated[Principal, Security(_caller, scopes=[KeyScope.NOTIFICATIONS_READ])]
NotificationResender = Annotated[Principal, Security(_caller, scopes=[KeyScope.NOTIFICATIONS_RESEND])]
Admin = Annotated[Principal, Security(_caller, scopes=[KeyScope.ADMIN])]
Operator = Annotated[Principal, Depends(_operator)]
