"""Time and identity from the operating system."""

import secrets
import time
from uuid import uuid4


def monotonic_ms() -> float:
    """Return the milliseconds since some moment before the start of this process; they never go back."""
    return time.monotonic() * 1_000


class SystemClock:
    """The clocks of this machine. The wall clock may jump when somebody sets it."""

    def now_ms(self) -> int:
        """Return the present time in unix milliseconds."""
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> float:
        """Return the milliseconds since some moment before the start of this process; they never go back."""
        return monotonic_ms()


class SystemIds:
    """Random ids and secrets of the operating system's making."""

    def new_uuid(self) -> str:
        """Return a fresh UUID, version 4."""
        return str(uuid4())

    def new_bytes(self, count: int) -> bytes:
        """Return *count* bytes that nobody else can guess."""
        return secrets.token_bytes(count)
