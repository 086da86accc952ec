"""Dead letters that are too large to be kept whole.

A record reaches a topic with whatever size its broker allows there, and its dead letter must not stop the stream. It is
written whole when the dead-letter topic takes it, as the ones that we create do up to `topics.DEAD_LETTER_BYTES_MAX`.
What the broker refuses is cut to its beginning, with a header that says how large it was: it can be looked at, not
replayed.
"""

from dataclasses import replace
from typing import Final

from alerting_core.ports.stream import Outgoing

TRUNCATED_HEADER: Final = "dlq-truncated"
"""On a dead letter of which only the beginning was kept: its size in bytes, in decimal."""

KEPT_BYTES: Final = 65_536
"""Kept of the value of such a record: enough to see what it was meant to be, and taken by any broker."""


def shortened(letter: Outgoing) -> Outgoing:
    """Return *letter* with no more than the beginning of its value, and with its size when that was cut."""
    if len(letter.value) <= KEPT_BYTES:
        return letter
    size = (TRUNCATED_HEADER, str(len(letter.value)).encode())
    return replace(letter, value=letter.value[:KEPT_BYTES], headers=(*letter.headers, size))
