"""Paths into JSON: a tiny, well-defined part of what JSONPath is, without anything that would have to be searched for.

    path  = "$" step*
    step  = "." name | "[" number "]" | "[" quoted "]"
    name  = a letter or "_", then letters, digits, "_" and "-"

`$` is the whole; `$.labels.host`, `$.alerts[0]` and `$["odd key"]` lead to one place, or to nothing.
"""

import re
from typing import Final, TypeAlias

from alerting_core.sources.reading import Json, is_list, is_object

Path: TypeAlias = tuple[str | int, ...]
"""Keys and places, one within the other."""

PATH_CHARS_MAX: Final = 500
"""Longer than any that a person writes."""

ROOT: Final = "$"

_STEP: Final = re.compile(
    r"""\.(?P<name>[A-Za-z_][A-Za-z0-9_-]*) | \[(?P<place>\d{1,9})\] | \["(?P<one>[^"]*)"\] | \['(?P<other>[^']*)'\]""",
    re.VERBOSE | re.ASCII,
)


def read_path(text: str) -> Path | None:
    """Read a path; None for what is none."""
    if not text.startswith(ROOT) or len(text) > PATH_CHARS_MAX:
        return None
    steps: list[str | int] = []
    position = len(ROOT)
    while position < len(text):
        found = _STEP.match(text, position)
        if found is None:
            return None
        place = found["place"]
        quoted = found["one"] if found["one"] is not None else found["other"]
        steps.append(int(place) if place is not None else found["name"] if quoted is None else quoted)
        position = found.end()
    return tuple(steps)


def without(value: Json, path: Path) -> Json:
    """Return *value* with nothing at *path*; it is not changed itself."""
    if not path or not is_object(value):
        return value
    key, below = path[0], path[1:]
    if not isinstance(key, str) or key not in value:
        return value
    rest = {name: one for name, one in value.items() if name != key}
    return {**value, key: without(value[key], below)} if below else rest


def find(value: Json, path: Path) -> Json:
    """Return what stands at *path* in *value*; None where nothing does."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if is_list(value) and step < len(value) else None
        else:
            value = value.get(step) if is_object(value) else None
    return value
