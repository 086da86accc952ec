"""TCP servers that behave as badly as a test wants."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

Dialogue: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class RawServer:
    """A server on loopback.

    Attributes:
        connections: How many were made to it.
        open_max: How many were open at once.
        sent_bytes: How much it could write before its peer hung up; kept by the dialogues that count.
    """

    host: str
    port: int = 0
    connections: int = 0
    open_max: int = 0
    sent_bytes: int = 0
    requests: list[bytes] = field(default_factory=list)
    dialogues: set[asyncio.Task[None]] = field(default_factory=set)

    def url(self, path: str = "/", *, scheme: str = "http", host: str | None = None) -> str:
        return f"{scheme}://{host or self.host}:{self.port}{path}"

    def hang_up(self) -> None:
        """Cut off every connection."""
        for task in tuple(self.dialogues):
            task.cancel()


@asynccontextmanager
async def serve_raw(
    dialogue: Callable[[RawServer], Dialogue], *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[RawServer]:
    """Run a server whose every connection is one *dialogue*; what is still going on at the end is cut off."""
    raw = RawServer(host)
    talk = dialogue(raw)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw.connections += 1
        task = asyncio.current_task()
        assert task is not None
        raw.dialogues.add(task)
        raw.open_max = max(raw.open_max, len(raw.dialogues))
        try:
            await talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # The other side hung up, or the test is over.
        finally:
            raw.dialogues.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(connected, host, 0, ssl=tls)
    raw.port = server.sockets[0].getsockname()[1]
    try:
        yield raw
    finally:
        server.close()
        raw.hang_up()
        await asyncio.gather(*raw.dialogues, return_exceptions=True)


async def read_http_request(reader: asyncio.StreamReader) -> bytes:
    """Return one request, head and body."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    return head + await reader.readexactly(length)


def answers(*parts: bytes, then_hang: bool = False) -> Callable[[RawServer], Dialogue]:
    """Read one request, write *parts* as they are, and close (or hang)."""

    def make(raw: RawServer) -> Dialogue:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            raw.requests.append(await read_http_request(reader))
            for part in parts:
                writer.write(part)
                await writer.drain()
            if then_hang:
                await asyncio.Event().wait()
            writer.write_eof() if writer.can_write_eof() else None

        return talk

    return make


def drips(head: bytes, drop: bytes, *, every_s: float) -> Callable[[RawServer], Dialogue]:
    """Read one request, write *head*, and then *drop* for ever, slowly."""

    def make(raw: RawServer) -> Dialogue:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            raw.requests.append(await read_http_request(reader))
            writer.write(head)
            while True:
                writer.write(drop)
                await writer.drain()
                await asyncio.sleep(every_s)

        return talk

    return make


def floods(head: bytes, part: bytes) -> Callable[[RawServer], Dialogue]:
    """Read one request, write *head*, and then *part* for ever, as fast as it is taken."""

    def make(raw: RawServer) -> Dialogue:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            raw.requests.append(await read_http_request(reader))
            writer.write(head)
            with contextlib.suppress(OSError):
                while True:
                    writer.write(part)
                    await writer.drain()
                    raw.sent_bytes += len(part)

        return talk

    return make


def says(*lines: bytes, then_hang: bool = True) -> Callable[[RawServer], Dialogue]:
    """Write each of *lines*: the first at once, each later one after a line was read. Then hang, or hang up."""

    def make(raw: RawServer) -> Dialogue:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for number, line in enumerate(lines):
                if number:
                    raw.requests.append(await reader.readline())
                writer.write(line)
                await writer.drain()
            if then_hang:
                await asyncio.Event().wait()
            raw.requests.append(await reader.readline())

        return talk

    return make


def mail_server(*, rcpt: bytes = b"250 OK\r\n") -> Callable[[RawServer], Dialogue]:
    """Take every mail, or say *rcpt* to every recipient; offer no extension."""

    def make(raw: RawServer) -> Dialogue:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 mail.example\r\n")
            in_data = False
            while line := await reader.readline():
                raw.requests.append(line)
                if in_data and line != b".\r\n":
                    continue
                in_data = line.startswith(b"DATA")
                answer = rcpt if line.startswith(b"RCPT") else b"250 OK\r\n"
                writer.write(b"354 go on\r\n" if in_data else answer)

        return talk

    return make
