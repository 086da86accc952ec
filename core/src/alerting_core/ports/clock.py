"""Where time, fresh ids and secrets come from."""

from typing import Protocol


class Clock(Protocol):
    """The clocks of the machine that a process runs on.

    What is stored or shown has wall-clock time. It may jump, also backwards: nothing may be lost when it does. How long
    something took or may still take, within one process, is told by the monotonic clock.
    """

    def now_ms(self) -> int:
        """Return the present time in unix milliseconds."""
        ...

    def monotonic_ms(self) -> float:
        """Return the milliseconds since some moment that is the same for the whole process; they never go back."""
        ...


class IdSource(Protocol):
    """Source of identity. Two calls never return the same."""

    def new_uuid(self) -> str:
        """Return a fresh UUID in its canonical text form."""
        ...

    def new_bytes(self, count: int) -> bytes:
        """Return *count* bytes that nobody else can guess."""
        ...
