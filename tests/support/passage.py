"""Which files of the project run while something happens, whatever runs beside it all the time.

    with Passage() as passage:                # before the threads that are to be seen are started
        with passage.idle(): …                # what runs anyhow
        with passage.of_interest(): …         # the same, and what is asked for
    passage.files                             # those with a function that the first did not call and the second did

What is told apart is functions, not files: the loop that looks for work all the time is passed only if the work takes
another way through its file. Imports are not looked at, nor is what holds data alone.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Self

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDERS = ("core/src", "api/src", "backend/src")


class Passage:
    """Sees every call of a Python function, in this thread and in those that are started after it."""

    def __init__(self) -> None:
        """See nothing yet."""
        self._idle: dict[CodeType, str] = {}
        self._of_interest: dict[CodeType, str] = {}
        self._into: dict[CodeType, str] | None = None
        self._before: Any = None

    def __enter__(self) -> Self:
        """Begin to look."""
        self._before = sys.getprofile()
        threading.setprofile(self._see)
        sys.setprofile(self._see)
        return self

    def __exit__(self, *_: object) -> None:
        """Look no more."""
        sys.setprofile(self._before)
        threading.setprofile(None)

    @contextmanager
    def idle(self) -> Iterator[None]:
        """Take all that runs in the block for what runs anyhow."""
        yield from self._looking(self._idle)

    @contextmanager
    def of_interest(self) -> Iterator[None]:
        """Take what runs in the block for what is asked for."""
        yield from self._looking(self._of_interest)

    @property
    def files(self) -> list[str]:
        """The files that were passed, relative to the checkout, sorted."""
        return sorted({file for code, file in self._of_interest.items() if code not in self._idle})

    def _looking(self, into: dict[CodeType, str]) -> Iterator[None]:
        self._into = into
        try:
            yield
        finally:
            self._into = None

    def _see(self, frame: FrameType, event: str, _: object) -> None:
        into = self._into
        if into is None or event != "call" or frame.f_code in into or frame.f_code.co_name == "<module>":
            return
        # Methods that dataclasses make have no file, but the names of the module that they were made in.
        file = frame.f_globals.get("__file__")
        if isinstance(file, str):
            path = Path(file)
            if path.is_relative_to(CHECKOUT) and str(path.relative_to(CHECKOUT)).startswith(FOLDERS):
                into[frame.f_code] = str(path.relative_to(CHECKOUT))
