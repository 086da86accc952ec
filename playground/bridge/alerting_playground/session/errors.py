"""What a session refuses, as the page is told it."""

from collections.abc import Sequence
from typing import Any

from alerting_core.problem import Problem


class Refused(Exception):
    """The page asked for what cannot be done; nothing was changed.

    Args:
        code: For programs.
        detail: For people.
        problems: All that is wrong, each with its place.
    """

    def __init__(self, code: str, detail: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(detail)
        self.code, self.detail, self.problems = code, detail, tuple(problems)

    def to_json(self) -> dict[str, Any]:
        """Return the answer that says so."""
        problems = [{"path": p.path, "code": str(p.code), "detail": p.detail} for p in self.problems]
        return {"error": {"code": self.code, "detail": self.detail, "problems": problems}}
