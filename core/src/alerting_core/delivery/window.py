"""How many deliveries one sender holds per host: few until the host has answered well, many while it does.

A sender claims more than it can send at once, since a claim is a round trip. Were every host given the same large
share, a handful of dead hosts would fill all places for the time that their requests take to fail. So an unknown or
failing host gets one claim's worth, and a host that answers gets room that doubles with each success.
"""

from collections import OrderedDict
from collections.abc import Collection
from typing import Final

WINDOW_MIN: Final = 1
"""A host without a recent success: no further claim while it holds any."""

WINDOW_MAX: Final = 512
"""Sixteen times `limits.HOST_CONCURRENCY_MAX`: a host that answers within milliseconds does not wait for a claim. A
quarter of what a sender holds, so that a few hosts that suddenly fall silent do not take all of it."""

HOSTS_REMEMBERED_MAX: Final = 4_096
"""Hosts whose window is kept; the one used longest ago is forgotten and starts small again."""


class HostWindows:
    """Claims held and claims allowed, per host."""

    def __init__(self) -> None:
        self._held: dict[str, int] = {}
        self._window: OrderedDict[str, int] = OrderedDict()

    @property
    def held(self) -> int:
        """All claims held, of all hosts."""
        return sum(self._held.values())

    def held_of(self, host: str) -> int:
        """Return the claims held of *host*."""
        return self._held.get(host, 0)

    def full(self) -> Collection[str]:
        """Return the hosts for which nothing more is to be claimed now."""
        return [host for host, held in self._held.items() if held >= self._window.get(host, WINDOW_MIN)]

    def take(self, host: str) -> None:
        """Count one more claim of *host*."""
        self._held[host] = self._held.get(host, 0) + 1

    def give_back(self, host: str) -> None:
        """Count one claim of *host* less."""
        left = self._held[host] - 1
        if left:
            self._held[host] = left
        else:
            del self._held[host]

    def learn(self, host: str, *, answered_well: bool) -> None:
        """Widen the window of a host that answered well; close that of one that did not."""
        window = self._window.pop(host, WINDOW_MIN)
        self._window[host] = min(WINDOW_MAX, window * 2) if answered_well else WINDOW_MIN
        if len(self._window) > HOSTS_REMEMBERED_MAX:
            self._window.popitem(last=False)
