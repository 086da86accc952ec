"""Which partition a key belongs to: as the Java producers choose it, and all that follow them."""

from functools import lru_cache
from typing import Final

from aiokafka.partitioner import murmur2

KEYS_MAX: Final = 65_536
"""Keys whose hash is remembered: the same clients come again and again, and hashing costs ten times a look-up."""


@lru_cache(maxsize=KEYS_MAX)
def _hash(key: bytes) -> int:
    positive: int = murmur2(key) & 0x7FFF_FFFF
    return positive


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition of *key* in a topic with that many partitions."""
    return _hash(key) % partitions
