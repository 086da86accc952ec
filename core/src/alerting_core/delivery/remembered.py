"""What a sender remembers of targets, places and hosts: bounded, and nothing of what is counted no more."""

from collections import Counter, OrderedDict
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """The latest that is known of each key, of so many at most; of those put longest ago nothing is known any more."""

    def __init__(self, most: int) -> None:
        """Remember at most *most* keys."""
        self._most = most
        self._known: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K, default: V) -> V:
        """Return what is known of *key*, else *default*."""
        return self._known.get(key, default)

    def put(self, key: K, value: V) -> None:
        """Remember *value* of *key*."""
        self._known.pop(key, None)
        self._known[key] = value
        if len(self._known) > self._most:
            self._known.popitem(last=False)

    def forget(self, key: K) -> None:
        """Know nothing of *key* any more."""
        self._known.pop(key, None)

    def items(self) -> list[tuple[K, V]]:
        """Return all that is known, what was put last at the end."""
        return list(self._known.items())

    def __contains__(self, key: K) -> bool:
        return key in self._known

    def __len__(self) -> int:
        return len(self._known)


def count_less(counter: Counter[K], key: K) -> None:
    """Count one of *key* less, and forget a key of which there is none any more."""
    counter[key] -= 1
    if not counter[key]:
        del counter[key]
