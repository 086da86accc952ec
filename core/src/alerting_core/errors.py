"""What may go wrong, told apart by who must act.

Anything that a client's data can cause is a value (`Problem`, `Rejected`, `Outcome`), not an exception.
Exceptions are for what the caller of a function cannot be handed as a result: a refused request, a world that is away,
an adapter that breaks its promise. `retryable` says whether the same call may succeed later.
"""

from collections.abc import Sequence
from typing import ClassVar

from alerting_core.problem import Problem


class AlertingError(Exception):
    """Base of all errors raised on purpose. Not to be raised itself.

    Attributes:
        code: Stable kebab-case name, the same in the API, in logs and in metrics.
        retryable: Whether the identical call may succeed later.
    """

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str) -> None:
        assert type(self) is not AlertingError, "raise one of the children, they say who must act"
        super().__init__(detail)
        self.detail = detail


class InvalidInput(AlertingError):
    """The caller sent something that cannot be accepted; lists every problem at once."""

    code = "invalid-input"

    def __init__(self, problems: Sequence[Problem], detail: str = "the request has problems") -> None:
        super().__init__(detail)
        assert problems, "an InvalidInput without a problem cannot be acted on"
        self.problems = tuple(problems)


class NotFound(AlertingError):
    """No such object for this caller: absent, or another client's."""

    code = "not-found"


class Conflict(AlertingError):
    """The object exists already, or something else already uses its unique values."""

    code = "conflict"


class VersionConflict(AlertingError):
    """The object was changed since the caller read it.

    Attributes:
        current_version: The version that is stored now.
    """

    code = "version-conflict"

    def __init__(self, detail: str, *, current_version: int) -> None:
        super().__init__(detail)
        self.current_version = current_version


class LimitExceeded(AlertingError):
    """The caller asked for more than a named bound allows."""

    code = "limit-exceeded"


class PortUnavailable(AlertingError):
    """A resource behind a port (broker, database, mail server) is away. The work is kept and tried again.

    Attributes:
        resource: Which one, for example `postgres`.
        operation: What was asked of it, for example `claim_due`.
    """

    code = "unavailable"
    retryable = True

    def __init__(self, resource: str, *, operation: str, detail: str = "") -> None:
        super().__init__(f"{resource} is unavailable during {operation}" + (f": {detail}" if detail else ""))
        self.resource = resource
        self.operation = operation


class FencedOff(AlertingError):
    """Another consumer or owner has taken over the work; what this one did is not committed.

    The caller drops its batch and polls again: the new owner does the work.
    """

    code = "fenced-off"
    retryable = True


class PortContractBroken(AlertingError):
    """An adapter broke a promise of its port: a bug of ours. Never retried, never hidden."""

    code = "port-contract-broken"
