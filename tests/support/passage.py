"""Which files of the project something passes: those with a function that is handed it, or hands it on.

    with Passage() as passage:                # before the threads that are to be seen are started
        with passage.idle(): …                # what runs anyhow
        with passage.of_interest(): …         # the same, and what is asked for
    passage.files_handed(marks)               # those where an argument or a result held one of these texts
    passage.files_called                      # those with a function that the first did not call and the second did

What is told apart is functions, not files: the loop that looks for work all the time is passed only if the work takes
another way through its file. Imports are not looked at, nor the methods that dataclasses make. Inside of what is handed
over only data is looked at (texts, containers, frozen dataclasses, models, rows): an object that keeps much else, a
pool or a store, does not pass it on because it holds it somewhere.
"""

import sys
import threading
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Self

import asyncpg
from pydantic import BaseModel

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDERS = ("core/src", "api/src", "backend/src")

_MADE_BY_DATACLASSES = "<string>"
"""Where the methods are that nobody wrote, and nobody reads: a record's own."""

DEPTH_MAX = 8
"""A batch of claims of deliveries of notifications with an alert that has a context."""


class Passage:
    """Sees every call of a Python function, in this thread and in those that are started after it."""

    def __init__(self) -> None:
        """See nothing yet."""
        self._idle: dict[CodeType, str] = {}
        self._of_interest: dict[CodeType, str] = {}
        self._texts: defaultdict[str, set[str]] = defaultdict(set)
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
    def files_called(self) -> list[str]:
        """The files with a function that was called in the block of interest alone, relative to the checkout."""
        return sorted({file for code, file in self._of_interest.items() if code not in self._idle})

    def files_handed(self, marks: Collection[str]) -> list[str]:
        """Return the files with a function that was given or returned one of *marks* in the block of interest."""
        return sorted(
            file for file, texts in self._texts.items() if any(mark in text for text in texts for mark in marks)
        )

    def _looking(self, into: dict[CodeType, str]) -> Iterator[None]:
        self._into = into
        try:
            yield
        finally:
            self._into = None

    def _see(self, frame: FrameType, event: str, result: object) -> None:
        into = self._into
        if into is None or event not in ("call", "return") or frame.f_code.co_name == "<module>":
            return
        if frame.f_code.co_filename == _MADE_BY_DATACLASSES:
            return
        file = into.get(frame.f_code) or _file_of(frame)
        if file is None:
            return
        into[frame.f_code] = file
        if into is self._of_interest:
            # What a coroutine waits with is a result to the profiler, too, but nothing that holds data.
            given = list(frame.f_locals.values()) if event == "call" else [result]
            self._texts[file].update(text for value in given for text in texts_in(value))


def texts_in(value: object, depth: int = DEPTH_MAX) -> Iterator[str]:
    """Yield the texts in *value*; bytes as the text that they are in Latin 1, so that ids in messages are found."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes | bytearray | memoryview):
        yield bytes(value).decode("latin-1")
    elif depth:
        for part in _parts(value):
            yield from texts_in(part, depth - 1)


def _parts(value: object) -> Collection[object]:
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    if isinstance(value, asyncpg.Record):
        return list(value.values())
    if isinstance(value, list | tuple | AbstractSet):
        return list(value)
    if isinstance(value, BaseModel):
        return list(vars(value).values())
    if is_dataclass(value) and not isinstance(value, type) and value.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        # Seen while it is made, too, when its fields are not set yet.
        return [getattr(value, field.name, None) for field in fields(value)]
    return ()


def _file_of(frame: FrameType) -> str | None:
    file = Path(frame.f_code.co_filename)
    if not file.is_relative_to(CHECKOUT):
        return None
    found = str(file.relative_to(CHECKOUT))
    return found if found.startswith(FOLDERS) else None
