"""Time and identity from the operating system."""

import secrets
import time
from uuid import uuid4


class SystemClock:
    """The wall clock. It may jump when somebody sets it."""

    def now_ms(self) -> int:
        """Return the present time in unix milliseconds."""
        return time.time_ns() // 1_000_000


class SystemIds:
    """Random ids and secrets of the operating system's making."""

    def new_uuid(self) -> str:
        """Return a fresh UUID, version 4."""
        return str(uuid4())

    def new_bytes(self, count: int) -> bytes:
        """Return *count* bytes that nobody else can guess."""
        return secrets.token_bytes(count)
