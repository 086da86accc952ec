"""How fast this machine is right now, in a browser: what times of a page are held against.

A limit in seconds is meant for a machine with nothing else to do. The same piece of work, done beside what is measured,
tells how much slower this one is at the moment.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, Page

PIECE_MS: Final = 10.0
"""How long one piece of work takes on a machine of two processors that does nothing else."""

_PIECE_ROUNDS: Final = 9_600_000
_TIMES: Final = 15

_WORK: Final = """(rounds) => {
  const begun = performance.now();
  let kept = 1;
  for (let round = 0; round < rounds; round++) kept = Math.imul(kept ^ round, 0x9e3779b1);
  window.kept = kept;
  return performance.now() - begun;
}"""

_BEAT: Final = f"""(rounds) => {{
  const work = {_WORK};
  window.beats = [];
  const beat = () => {{
    window.beats.push(work(rounds));
    setTimeout(beat, 100);
  }};
  beat();
}}"""


class Beat:
    """A page that does a piece of work again and again, and how long each piece has taken."""

    def __init__(self, tab: Page) -> None:
        self._tab = tab

    def begin_anew(self) -> None:
        """Forget all pieces so far."""
        self._tab.evaluate("window.beats.length = 0")

    @property
    def slowest(self) -> float:
        """How many times longer than on an idle machine the slowest piece took; 1 at least."""
        return max(1.0, max(self._beats()) / PIECE_MS)

    @property
    def usual(self) -> float:
        """How many times longer than on an idle machine all pieces together took; 1 at least."""
        beats = self._beats()
        return max(1.0, sum(beats) / len(beats) / PIECE_MS)

    def _beats(self) -> list[float]:
        beats: list[float] = self._tab.evaluate("window.beats")
        return beats or [PIECE_MS]


@contextmanager
def beating(running: Browser) -> Iterator[Beat]:
    """Measure in a page of its own while the block runs."""
    context = running.new_context()
    try:
        tab = context.new_page()
        for _ in range(_TIMES):
            tab.evaluate(_WORK, _PIECE_ROUNDS // _TIMES)  # Compiled well before it is measured.
        tab.evaluate(_BEAT, _PIECE_ROUNDS)
        yield Beat(tab)
    finally:
        context.close()
