"""What the page asks and what it is answered: HTTP as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        method: In capitals.
        path: As in a URL: what is not allowed there is percent-encoded.
        query: As in a URL, without the question mark.
        headers: By name; upper and lower case do not matter.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str | None:
        """Return the value of a header; None when it was not sent."""
        wanted = name.lower()
        return next((value for sent, value in self.headers.items() if sent.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer.

    Attributes:
        headers: By name in lower case.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = field(default=b"", repr=False)
