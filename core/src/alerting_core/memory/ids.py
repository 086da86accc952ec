"""Ids from a seed: the same seed gives the same ids, in the simulator and in tests."""

from random import Random
from uuid import UUID


class SeededIds:
    """Source of identity that is as unguessable as its seed: for worlds that nobody attacks."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def new_uuid(self) -> str:
        """Return a fresh UUID, version 4."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def new_bytes(self, count: int) -> bytes:
        """Return *count* bytes."""
        return self._random.randbytes(count)
