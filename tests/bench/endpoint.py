"""The fastest HTTP endpoint that Python gives: a process of its own, so that it does not slow the sender down."""

import asyncio
import contextlib
import multiprocessing
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, cast

import uvloop

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A running endpoint.

    Attributes:
        url: Takes POSTs, as does everything below.
    """

    url: str
    process_id: int
    _counted: Any

    @property
    def answered(self) -> int:
        """How many requests it has answered so far."""
        return int(self._counted.value)


class _Answering(asyncio.Protocol):
    """Counts complete requests and answers each; enough HTTP for the senders here, which send no chunks."""

    def __init__(self, counted: Any) -> None:
        self._buffer = b""
        self._counted = counted

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # That of uvloop is no subclass.

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            at = head.index(b"content-length:") + 15
            whole = end + 4 + int(head[at:].split(b"\r\n", 1)[0])
            if len(self._buffer) < whole:
                return
            self._buffer = self._buffer[whole:]
            self._counted.value += 1
            self._transport.write(_ANSWER)


def _serve(pipe: Connection, counted: Any) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Answering(counted), "127.0.0.1", 0, backlog=1_024)
        pipe.send(server.sockets[0].getsockname()[1])
        await loop.run_in_executor(None, pipe.poll, None)
        server.close()

    uvloop.run(run())


@contextlib.contextmanager
def serve_endpoint() -> Iterator[Endpoint]:
    """Run the endpoint until the block ends."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    counted = context.Value("Q", 0, lock=False)  # One process writes it.
    process = context.Process(target=_serve, args=(theirs, counted))
    process.start()
    assert process.pid is not None
    try:
        yield Endpoint(f"http://127.0.0.1:{ours.recv()}/hook", process.pid, counted)
    finally:
        ours.send(None)
        process.join(10)
