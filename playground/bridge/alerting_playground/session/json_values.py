"""Reading values that came as JSON."""

from collections.abc import Sequence
from typing import Any, cast


def as_object(value: object) -> dict[str, Any] | None:
    """Return an object of JSON; None for anything else."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def as_list(value: object) -> list[Any] | None:
    """Return a list of JSON; None for anything else."""
    return list(cast("Sequence[Any]", value)) if isinstance(value, list) else None


def as_whole(value: object, smallest: int, largest: int) -> int | None:
    """Return a whole number within bounds; None for anything else, true and false among it."""
    whole = isinstance(value, int) and not isinstance(value, bool) and smallest <= value <= largest
    return cast("int", value) if whole else None
