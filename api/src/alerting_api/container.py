"""What the API is made of: use cases and ports, put together by whoever serves it (a server, Lambda, a browser tab)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final, Protocol
from uuid import uuid4

from fastapi import Depends, Request

from alerting_core.app.application import Application
from alerting_core.app.dead_letters import DeadLetters
from alerting_core.app.operations import Dashboard, GeneratorJobs
from alerting_core.domain.client import ApiKey
from alerting_core.ports.clock import Clock
from alerting_core.ports.idempotency import IdempotencyStore
from alerting_core.ports.paging import Scope

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


def _random_id() -> str:
    return str(uuid4())


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """Everything that a request may need. Routes get no settings and know no adapter.

    Attributes:
        started_at_ms: Since when this process serves.
        source_label: The label of a Prometheus alert that becomes its source.
        new_request_id: Names a request whose caller did not.
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
    new_request_id: Callable[[], str] = _random_id


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
