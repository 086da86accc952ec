"""Kills that were ordered: which process is killed at its next commit, and where in it."""

from enum import StrEnum


class Point(StrEnum):
    """Where in a call a process can be killed."""

    BEFORE = "before"
    BETWEEN = "between"
    """A commit whose outputs are written and whose offsets are not."""
    AFTER = "after"


class KillSchedule:
    """Process name → where in its next commit it is killed."""

    def __init__(self) -> None:
        self._ordered: dict[str, Point] = {}

    def order(self, process_name: str, point: Point) -> None:
        """Let a process be killed at *point* of its next commit."""
        self._ordered[process_name] = point

    def ordered(self, process_name: str) -> Point | None:
        """Return where a process is going to be killed."""
        return self._ordered.get(process_name)

    def due(self, process_name: str, point: Point) -> bool:
        """Whether a process is killed at this point of its commit; it is killed once."""
        if not self._ordered or self._ordered.get(process_name) is not point:
            return False
        del self._ordered[process_name]
        return True
