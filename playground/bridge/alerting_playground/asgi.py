"""Puts one request to an ASGI application in this process: HTTP as values, with no server and no socket."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import unquote

Message: TypeAlias = MutableMapping[str, Any]
AsgiApp: TypeAlias = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]


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


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer.

    Attributes:
        headers: By name in lower case.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = field(default=b"", repr=False)


async def ask(app: AsgiApp, request: Request) -> Answer:
    """Return what *app* answers.

    It gets the body in one piece, and is not told that the caller has gone: nobody goes while a request is answered.
    """
    is_sent, status, headers, body = False, 0, dict[str, str](), bytearray()

    async def receive() -> Message:
        nonlocal is_sent
        if is_sent:
            return {"type": "http.disconnect"}
        is_sent = True
        return {"type": "http.request", "body": request.body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            headers.update(
                {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message["headers"]}
            )
        else:
            body.extend(message.get("body", b""))

    await app(_scope(request), receive, send)
    assert status, "an application answers, or raises"
    return Answer(status, headers, b"" if request.method == "HEAD" else bytes(body))


def _scope(request: Request) -> MutableMapping[str, Any]:
    # What no header can hold is not sent by any browser either.
    headers = [(name.lower(), value) for name, value in request.headers.items()]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote(request.path),
        "raw_path": request.path.encode(),
        "query_string": request.query.encode(),
        "root_path": "",
        "headers": [(name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in headers],
        "client": None,
        "server": None,
    }
