"""What requests are answered from: use cases and ports, put together by the session."""

from dataclasses import dataclass
from typing import Final

from alerting_core.app.application import Application
from alerting_core.app.dashboard import Dashboard
from alerting_core.app.dead_letters import Letters
from alerting_core.app.jobs import GeneratorJobs
from alerting_core.domain.key import ApiKey, KeyScope
from alerting_core.ports.clock import Clock
from alerting_core.ports.idempotency import IdempotencyStore

VISITOR: Final = ApiKey(
    key_id="00000000-0000-0000-0000-000000000000",
    client_id=None,
    name="playground",
    prefix="",
    hash=b"",
    scopes=frozenset({KeyScope.ADMIN}),
    created_at_ms=0,
)
"""Who calls in the browser: an operator without a key, who may do everything."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that a request may need. Operations know no adapter.

    Attributes:
        caller: Whose key every request is taken to come with; an operator's.
    """

    use: Application
    clock: Clock
    idempotency: IdempotencyStore
    jobs: GeneratorJobs
    dead_letters: Letters
    dashboard: Dashboard
    caller: ApiKey = VISITOR
