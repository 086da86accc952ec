"""Where fresh ids and secrets come from."""

from typing import Protocol


class IdSource(Protocol):
    """Source of identity. Two calls never return the same."""

    def new_uuid(self) -> str:
        """Return a fresh UUID in its canonical text form."""
        ...

    def new_bytes(self, count: int) -> bytes:
        """Return *count* bytes that nobody else can guess."""
        ...
